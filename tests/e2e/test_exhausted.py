"""More users than rows: what each choice of --cognito-on-exhausted makes of six users and three accounts."""

from __future__ import annotations

import pytest

from harness.errors import EXIT
from tests.e2e.test_headless import sample_rows, users_csv

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("policy", "processes", "exit_code", "logins", "unserved"),
    [
        ("wait", 1, EXIT.FAILED, {1}, {"Api": 3}),
        ("share", 2, EXIT.PASSED, {1}, {}),  # one session for all users of an account, and one worker for it
        ("recycle", 2, EXIT.PASSED, {1, 2}, {}),  # an account may be on both workers, which log in apart
    ],
)
def test_more_users_than_rows(run_locust, start_sandbox, tmp_path, policy, processes, exit_code, logins, unserved):
    """A run of users who never got an account fails, and says how many there were."""
    sandbox, rows = start_sandbox(), sample_rows(3)
    users_csv(tmp_path, rows)
    more = ("--processes", processes) if processes > 1 else ()
    options = ("--users", 6, "--spawn-rate", 6, "--run-time", "3s", "--cognito-on-exhausted", policy, *more)
    run = run_locust("Api", *options, against=sandbox)
    assert run.exit_code == exit_code, run.output
    counts = sandbox.counts()["logins"]
    assert counts.keys() == {name for name, _ in rows}
    assert set(counts.values()) <= logins
    assert run.summary["not_measured"]["unserved"] == unserved
    assert ("3 users never had an account (Api)" in run.output) == bool(unserved)
    assert f"6 API users on {6 if policy == 'recycle' else 3} accounts" in run.output or policy == "recycle"
