"""What the bench of faults takes for right and for wrong, judged on runs that are made up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.faults.case import FAILED, INVALID, PASSED, REFUSED, Case, Way, but
from bench.faults.cases import cases
from bench.faults.judging import Counts, Seen, disagreements, wrongs
from bench.faults.table import Cell, table
from harness.sandbox.faults.orders import Kind

ROOT = Path(__file__).parents[2]
VERDICT = "passed: nothing failed, and no gate was given (exit code 0)"
NAME = "InitiateAuth"


def junit(word: str, failure: str = "") -> str:
    return f'<property name="verdict" value="{word}"/>{failure}'


def summary(word: str = "passed", code: int = 0, count: int = 100, **more) -> dict:
    row = {"count": count, "outcomes": {"ok": {"count": count}}}
    return {
        "verdict": {"word": word, "exit_code": code},
        "exchanges": {"by_name": {NAME: row}},
        "requests": {"by_name": {}},
        "not_measured": {"cut_off": {}},
        **more,
    }


GOOD = Seen(code=0, output=f"…\n{VERDICT}\n", summary=summary(), junit=junit("passed"), arrived={NAME: 100}, users=6)


def test_a_run_as_it_has_to_be_has_nothing_wrong():
    assert wrongs(PASSED, GOOD) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": 1}, "exit code 1, in summary.json 0"),
        ({"output": "no more\n"}, "no verdict was printed"),
        ({"output": VERDICT.replace("code 0", "code 3") + "\n"}, "printed passed 3, in summary.json passed 0"),
        ({"junit": junit("failed")}, "junit.xml does not say passed"),
        ({"junit": junit("passed", "<failure/>")}, "junit.xml has a failure, the verdict is passed"),
        (
            {"summary": summary("passed", 1), "code": 1, "output": VERDICT.replace("code 0", "code 1") + "\n"},
            "passed with",
        ),
        ({"summary": summary("failed", 0)}, "junit.xml has no failure, the verdict is failed"),
    ],
)
def test_exit_code_printed_verdict_and_files_have_to_agree(changes, said):
    assert any(said in wrong for wrong in disagreements(replace(GOOD, **changes)))


def test_a_junit_without_a_summary_is_wrong_and_a_run_without_either_is_not():
    assert disagreements(replace(GOOD, summary=None)) == ["a junit.xml without a summary.json"]
    assert disagreements(replace(GOOD, summary=None, junit="")) == []


def test_what_was_rebuilt_prints_no_verdict_and_has_built_its_reports():
    killed = replace(
        GOOD, code=-9, output="", rebuilt_code=0, summary=summary("invalid", 4), junit=junit("invalid", "<failure/>")
    )
    assert disagreements(killed) == []


@pytest.mark.parametrize(
    ("rule", "arrived", "is_right"),
    [
        (Counts.EVEN, 100, True),
        (Counts.EVEN, 99, False),
        (Counts.EVEN, 101, False),
        (Counts.UNSENT, 99, False),
        (Counts.GAP, 120, False),
        (Counts.GAP, 99, False),
        (Counts.GONE, 90, True),
        (Counts.GONE, 101, False),
        (Counts.ANY, 7, True),
        (Counts.NOTHING, 1, False),
    ],
)
def test_the_server_s_count_is_held_against_the_client_s(rule, arrived, is_right):
    found = wrongs(but(PASSED, counts=rule), replace(GOOD, arrived={NAME: arrived}))
    assert (found == []) is is_right, found


def test_a_gap_is_right_when_the_run_says_so():
    seen = replace(GOOD, arrived={NAME: 120}, output=f"worker a was lost\n{VERDICT}\n")
    assert wrongs(but(PASSED, counts=Counts.GAP), seen) == []


def test_what_failed_on_its_way_need_not_have_arrived():
    row = {"count": 100, "outcomes": {"ok": {"count": 97}, "transport_error": {"count": 3}}}
    seen = replace(GOOD, summary={**summary(), "exchanges": {"by_name": {NAME: row}}}, arrived={NAME: 97})
    assert wrongs(but(PASSED, counts=Counts.UNSENT), seen) == []
    assert wrongs(but(PASSED, counts=Counts.UNSENT), replace(seen, arrived={NAME: 96})) != []


def test_what_was_cut_off_and_what_was_sent_again_counts_as_sent():
    told = summary(not_measured={"cut_off": {"GET /me": 2}})
    told["requests"]["by_name"] = {
        "GET /me": {"count": 5, "outcomes": {}},
        "GET /me (token refused)": {"count": 1, "outcomes": {}},
    }
    assert replace(GOOD, summary=told).sent() == Counter({NAME: 100, "GET /me": 8})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": None}, "it did not end within 25 s"),
        ({"users": 5}, "5 users at the end instead of 6"),
        ({"left_over": ["locust"]}, "left over: locust"),
        ({"ended_after_s": 30.0}, "it ended after 30 s instead of 25 s"),
        ({"output": f"Traceback\n{VERDICT}\n"}, "it says 'Traceback'"),
        ({"summary": summary("failed", 1)}, "failed instead of passed"),
    ],
)
def test_each_other_thing_that_is_wrong_is_said(changes, said):
    assert said in wrongs(PASSED, replace(GOOD, **changes))


def test_what_has_to_be_said_may_stand_in_any_file():
    wanted = but(PASSED, says=("worker .* was lost",))
    assert wrongs(wanted, GOOD) == ["nothing says 'worker .* was lost'"]
    assert wrongs(wanted, replace(GOOD, junit=junit("passed") + "worker a was lost")) == []


def test_a_configuration_that_cannot_work_sends_nothing_and_leaves_no_run():
    refused = Seen(code=5, output="The configuration cannot work (1 fault); nothing was sent.")
    assert wrongs(REFUSED, refused) == []
    assert wrongs(REFUSED, replace(refused, arrived={NAME: 1})) == ["1 requests were sent"]


def test_each_standing_fault_of_the_sandbox_has_a_case_on_cognito_and_on_the_api():
    ordered = {(order["fault"], order.get("on", "cognito")) for case in cases() for order in case.orders}
    for fault in set(Kind) - NOT_ON_ANSWERS:
        assert {(fault, "InitiateAuth"), (fault, "GET /me")} <= ordered, fault


NOT_ON_ANSWERS = {
    Kind.STALL,
    Kind.JWKS_DOWN,
    Kind.CLOCK_SKEW,
    Kind.ROTATE_KEYS,
    Kind.REVOKE,
    Kind.EXPIRE_REFRESH,
    Kind.EXPIRE_SESSIONS,
    Kind.DISABLE,
    Kind.ENABLE,
}
"""Ordered in mid-run, by name."""


def test_each_incident_has_a_case():
    names = " ".join(case.name for case in cases())
    assert [kind for kind in NOT_ON_ANSWERS if kind not in names] == []


def test_names_tell_cases_apart():
    names = Counter(case.name for case in cases())
    assert [name for name, count in names.items() if count > 1] == []


def test_a_case_about_workers_does_not_apply_without():
    case = Case("x", PASSED, needs_workers=True, ways={Way.WEB: INVALID})
    assert case.in_way(Way.HEADLESS) == "there are no workers"
    assert (case.in_way(Way.WEB), case.in_way(Way.WORKERS)) == (INVALID, PASSED)


def test_the_table_has_a_row_for_each_case_and_says_what_is_wrong():
    case = Case("500 on GET /me", FAILED, group="Answers")
    cells = [
        Cell(case, Way.HEADLESS, replace(GOOD, summary=summary("failed", 1), code=1)),
        Cell(case, Way.WEB, GOOD, ["exit code 0 instead of 1"]),
        Cell(case, Way.WORKERS, None, absent="there are no workers"),
    ]
    assert table(cells)[2:] == [
        "| **Answers** | | | |",
        "| 500 on GET /me | failed 1 | **wrong**: passed 0: exit code 0 instead of 1 | (there are no workers) |",
    ]


def rows(page: Path) -> list[str]:
    """The table of faults in a page."""
    lines = page.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| what happens |"))
    end = next((number for number in range(start, len(lines)) if not lines[number].startswith("|")), len(lines))
    return lines[start:end]


def test_the_documentation_has_the_bench_s_table_with_all_cases_and_none_is_wrong():
    """Where it fails, run `python -m bench.faults` and copy the table of its result into docs/reliability.md."""
    told = rows(ROOT / "docs/reliability.md")
    assert told in [rows(page) for page in sorted((ROOT / "bench/results").glob("faults-*.md"))]
    names = [row.split(" | ")[0].removeprefix("| ") for row in told[2:]]
    assert [name for name in names if not name.startswith("**")] == [case.name for case in cases()]
    assert [row for row in told if "**wrong**" in row] == []
