"""However a process ends, its runs are concluded, the worst of what Locust, the locustfile and the verdict say wins.

That exit code, printed verdict, summary.json and junit.xml agree is the fixture's business; see `assert_agreement`.
"""

from __future__ import annotations

import textwrap

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import group_members, sent

pytestmark = pytest.mark.e2e

SHORT = ("--users", 4, "--spawn-rate", 4, "--run-time", "2s")
LONG = ("--users", 4, "--spawn-rate", 4, "--run-time", "60s")
"""A run that must end long before its time."""
WORKERS = pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])


def locustfile(task="pass", *, above="", below="", on_start="pass"):
    """One that logs in each 50 ms, with this in its task, after the first login, and with these listeners."""
    parts = [
        "import os, sys, gevent",
        "from locust import LoadTestShape, constant, events, task",
        "from locust.exception import StopTest",
        "from harness.load import CognitoLoginUser, install",
        textwrap.dedent(above),
        "install(events)",
        textwrap.dedent(below),
        "class Login(CognitoLoginUser):",
        "    wait_time = constant(0.05)",
        "    def on_start(self):",
        textwrap.indent(textwrap.dedent(on_start), " " * 8),
        "    @task",
        "    def work(self):",
        "        self.log_in()",
        textwrap.indent(textwrap.dedent(task), " " * 8),
    ]
    return "\n".join(parts) + "\n"


def listener(event, body):
    return f"@events.{event}.add_listener\ndef on_{event}(environment=None, **_):\n" + textwrap.indent(body, "    ")


@pytest.mark.parametrize(
    ("where", "event"),
    [("above", "quitting"), ("below", "quitting"), ("above", "test_stop"), ("below", "test_stop")],
)
def test_a_code_that_the_locustfile_sets_is_never_made_smaller(run_locust, start_sandbox, where, event):
    """Wherever its listener stands: verdict and JUnit say failed, and why."""
    code = locustfile(**{where: listener(event, "environment.process_exit_code = 7")})
    run = run_locust("Login", *SHORT, against=start_sandbox(), code=code)
    assert run.exit_code == 7, run.output
    assert run.summary["verdict"]["sentence"] == "the locustfile set exit code 7"


def test_a_code_that_the_locustfile_sets_makes_no_other_smaller(run_locust, start_sandbox):
    """A gate that failed exits with 3, whatever a listener finds afterwards."""
    code = locustfile(above=listener("quitting", "environment.process_exit_code = 0"))
    run = run_locust("Login", *SHORT, "--gate", "login p95 < 1us", against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.GATE, run.output


ENDS = {
    "sys.exit(0) in a task": (locustfile("sys.exit(0)"), 0),
    "sys.exit(3) in a task": (locustfile("sys.exit(3)"), 3),
    "raise SystemExit in on_start": (locustfile(on_start="self.log_in()\nraise SystemExit"), 0),
    "KeyboardInterrupt in a task": (locustfile("raise KeyboardInterrupt"), 0),
    "StopTest in a task": (locustfile("raise StopTest('enough')"), 0),
    "StopTest in on_start": (locustfile(on_start="self.log_in()\nraise StopTest('enough')"), 0),
    "quit in a task": (locustfile("self.environment.runner.quit()"), 0),
    "stop in a task": (locustfile("self.environment.runner.stop()"), 0),
    "quit in on_start": (locustfile(on_start="self.log_in()\nself.environment.runner.quit()"), 0),
    "quit in a request listener": (
        locustfile(
            above=listener("init", "global runner; runner = environment.runner")
            + "\n"
            + listener("request", "runner.quit()")
        ),
        0,
    ),
    "quit in spawning_complete": (
        locustfile(
            on_start="self.log_in()",
            above=listener("init", "global runner; runner = environment.runner")
            + "\n"
            + listener("spawning_complete", "gevent.sleep(0.5)\nrunner.quit()"),
        ),
        0,
    ),
    "sys.exit(3) in a request listener": (locustfile(below=listener("request", "sys.exit(3)")), 3),
}


@WORKERS
@pytest.mark.parametrize("how", ENDS)
def test_a_run_that_its_locustfile_ends_is_concluded_in_time(run_locust, start_sandbox, how, workers):
    """Verdict, results and the server's own count, as at the end of the run time; the worse code wins."""
    code, exit_code = ENDS[how]
    sandbox = start_sandbox()
    run = run_locust("Login", *LONG, *workers, against=sandbox, code=code, timeout_s=40)
    assert run.exit_code == exit_code, run.output
    arrived = sandbox.counts()["arrived"]["InitiateAuth"]
    assert sent(run.summary, "InitiateAuth") == arrived > 0
    assert group_members(run.process.pid) == []


@WORKERS
def test_a_shape_that_names_a_class_that_does_not_run_fails_the_run(run_locust, start_sandbox, workers):
    """Locust's dispatcher raises KeyError in a greenlet of its own, and goes on."""
    code = (
        locustfile(
            above="""
        class Shape(LoadTestShape):
            def tick(self):
                if self.get_run_time() > 4:
                    return None
                return (2, 2, [Login]) if self.get_run_time() < 1.5 else (4, 2, [Other])
        """
        )
        + "class Other(Login):\n    pass\n"
    )
    run = run_locust("Login", *workers, against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.USAGE, run.output
    assert "Locust itself failed: KeyError (dispatch.py, line" in run.summary["verdict"]["sentence"]


def test_a_shape_whose_users_cannot_be_spawned_at_all_ends_the_run(run_locust, start_sandbox):
    """Nothing else would: the shape has no end, and there is no run time."""
    shape = "class Shape(LoadTestShape):\n    def tick(self):\n        return (2, 2, [Other])\n"
    code = locustfile(above=shape) + "class Other(Login):\n    pass\n"
    run = run_locust("Login", against=start_sandbox(), code=code, timeout_s=40)
    assert run.exit_code != EXIT.PASSED, run.output


@pytest.mark.parametrize(
    ("workers", "exit_code"), [((), EXIT.USAGE), (("--processes", 2), EXIT.FAILED)], ids=["local", "2 workers"]
)
def test_an_exception_in_a_listener_fails_the_run(run_locust, start_sandbox, workers, exit_code):
    """Locust logs it and goes on; of the text, which may be a secret, the results say nothing."""
    code = locustfile(above=listener("request", "raise ValueError('Their-Passw0rd-1')"))
    run = run_locust(
        *("Login", "--users", 4, "--spawn-rate", 4, "--run-time", "5s"), *workers, against=start_sandbox(), code=code
    )
    assert run.exit_code == exit_code, run.output
    assert "the locustfile failed: ValueError (locustfile.py, line" in run.summary["verdict"]["sentence"]
    assert "Passw0rd" not in "".join(path.read_text() for path in run.results.glob("2*/*") if path.suffix != ".html")


@pytest.mark.parametrize("option", [("--html", "/dev/full"), ("--json-file", "users.csv/stats")], ids=lambda o: o[0])
def test_locusts_own_failure_to_write_shows_in_the_results(run_locust, start_sandbox, option):
    """A full disk, or no folder: by then the run is concluded."""
    run = run_locust("Login", *SHORT, *option, against=start_sandbox(), code=locustfile())
    assert run.exit_code == EXIT.FAILED, run.output
    assert "Locust itself failed: " in run.summary["verdict"]["sentence"]


HUNGRY = """
import harness.evidence.reports.files as files
def hungry(_):
    raise MemoryError
files._page = hungry
"""
BROKEN_END = """
import harness.load.supervisor.conclusion as conclusion
def broken(*_, **__):
    raise RuntimeError("a defect of ours")
"""


@pytest.mark.parametrize("event", ["test_stopping", "test_stop", "quitting", "quit"])
@pytest.mark.parametrize("where", ["above", "below"])
def test_a_listener_that_calls_sys_exit_cuts_nothing_off(run_locust, start_sandbox, event, where):
    """Wherever it stands; the run is concluded, and the code is its own."""
    body = {where: f"@events.{event}.add_listener\ndef leave(**_):\n    sys.exit(3)"}
    sandbox = start_sandbox()
    run = run_locust("Login", *SHORT, against=sandbox, code=locustfile(**body), timeout_s=40)
    assert run.exit_code == 3, run.output
    assert run.summary["verdict"]["word"] == "failed"
    assert sent(run.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"] > 0


@pytest.mark.parametrize("broken", ["decide", "summary.rewrite"])
def test_a_defect_of_ours_at_the_end_is_no_pass(run_locust, start_sandbox, broken):
    """Of a verdict that cannot be made, or written as a whole, nothing is left; the record of the run is."""
    code = locustfile(below=BROKEN_END + f"conclusion.{broken} = broken")
    run = run_locust("Login", *SHORT, against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.INVALID, run.output
    assert "cognito-load report build" in run.output
    (folder,) = run.results.glob("2*")
    assert {path.name for path in folder.iterdir()}.isdisjoint({"summary.json", "junit.xml", "summary.md"})


def test_a_summary_that_cannot_be_printed_leaves_the_verdict(run_locust, start_sandbox):
    """A defect of ours there: the verdict's line is printed all the same."""
    code = locustfile(below=BROKEN_END + "conclusion.terminal.render = broken")
    run = run_locust("Login", *SHORT, against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.PASSED, run.output


def test_a_report_that_memory_does_not_suffice_for_costs_the_report_alone(run_locust, start_sandbox):
    """The page's charts are made last, and the verdict does not depend on them."""
    code = locustfile(below=HUNGRY)
    run = run_locust("Login", *SHORT, "--report", "yes", against=start_sandbox(), code=code)
    assert run.exit_code == EXIT.PASSED, run.output
    assert "report.html cannot be made: MemoryError" in run.output
