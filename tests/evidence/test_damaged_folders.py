"""Folders of runs with damage of every kind: what can be read is reported, what cannot is named, nothing breaks."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli.main import main
from harness.errors import EXIT, ConfigurationError, HarnessError
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging import baseline
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.sweep import CONCURRENT, Plan
from harness.evidence.rebuild import rebuild
from harness.evidence.reports import files, summary
from harness.evidence.storage.record import Facts, Record, make_folder
from harness.evidence.storage.rejections import Rejected
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_000_000.25
LINED = ("timeline.csv", "histograms.hlog", "intervals.jsonl", "events.jsonl", "rejected.csv")
WHOLE = ("run.json", "generator.json", "sweep.json")
JUDGED_BY = {"run.json", "generator.json", "histograms.hlog", "intervals.jsonl"}
LINES = {  # what a line becomes, and a file of JSON likewise
    "null": b"null",
    "not UTF-8": b"\xff\xfe\x80",
    "cut off": None,
    "wrong types": b'{"at_s": "x", "start_s": [], "errors": 3, "run_id": 7, "version": 1, "figures": "x", "a": {}}',
    "a huge number": b'{"at_s": 1e400, "end_s": 1e400, "version": 1, "started_s": 1e300, "a": 99999999999999999999}',
    "nested deeply": b"[" * 100_000,
    "a field without end": b'"' + b"x" * 200_000,
}


def write(folder: Path) -> Path:
    """A run with everything a run can have, that passed."""
    folder = make_folder(folder, "a-run")
    plan = Plan((1.0, 2.0), CONCURRENT, 10.0)
    facts = Facts("a-run", STARTED_S, ("Login",), 3, {"flow": "X"}, ("login p99 < 10s",), sweep=plan)
    record = Record(facts, folder, pytest.fail)
    for second in range(20):
        metrics = Metrics()
        for number in range(3):
            for kind, name, reason in (
                ("login", "login", Reason.INITIAL),
                ("exchange", "InitiateAuth", Reason.INITIAL),
                ("request", "GET /me", None),
            ):
                outcome = Outcome.OK if second else Outcome.THROTTLED
                metrics.record(Sample(kind, name, outcome, STARTED_S + second, 1_000 + 99 * number, reason=reason))
        record.second(int(STARTED_S) + second, metrics)
        if second == 10:
            record.interval(STARTED_S + 10, {})
    health = Health()
    for _ in range(200):
        health.lag(1_000)
    health.cpu(0.1, 1.0)
    record.event(STARTED_S + 3, "throttled", "something happened")
    record.reject([Rejected(3, "+somebody", "NotAuthorizedException", "Incorrect username or password.")])
    record.finish({"this process": health}, {"stopping_s": STARTED_S + 20, "ended_s": STARTED_S + 21})
    record.conclude(("a note",), generator="valid")
    baseline.write(Baseline("a-run", 20.0, record.metrics, {"this process": health}, "passed"), folder)
    (folder / "samples-w.jtl").write_text("timeStamp,elapsed,label\n" + "".join(f"{n},2,x\n" for n in range(5)))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("whole"))


@pytest.fixture(autouse=True)
def no_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts take a second; the page is made where it is asked for."""
    if request.node.name != "test_the_page_says_so_too":
        monkeypatch.setattr(
            files, "_FILES", {name: make for name, make in files._FILES.items() if name != "report.html"}
        )


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "a-run"))


def test_a_whole_folder_is_read_as_it_was_judged(folder: Path):
    run = rebuild(folder)
    assert (run.verdict.word, run.notes) == ("passed", ("a note",))
    assert run.metrics.measured == 20 * 3 * 3
    assert [each.username for each in run.rejections.first] == ["+somebody"]


@pytest.mark.parametrize("content", LINES.values(), ids=LINES)
@pytest.mark.parametrize("name", [*LINED, *WHOLE])
def test_what_cannot_be_read_is_named_and_all_else_reported(folder: Path, name: str, content: bytes | None):
    """A run that was judged by what is lost has not passed."""
    path = folder / name
    if name in WHOLE:
        path.write_bytes(path.read_bytes()[:-9] if content is None else content)
        where = name
    else:
        lines = path.read_bytes().splitlines(keepends=True)
        lines[-1] = lines[-1][:-9] if content is None else content + b"\n"
        path.write_bytes(b"".join(lines))
        where = f"{name} cannot be read in line {len(lines)}"
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    written = json.loads((folder / "summary.json").read_text())
    assert [note for note in written["run"]["notes"] if note.startswith(where)], written["run"]["notes"]
    assert written["verdict"]["word"] == ("invalid" if name in JUDGED_BY else "passed"), written["verdict"]
    assert written["logins"]["all"]["count"] > 0
    assert where in (folder / "summary.md").read_text()


@pytest.mark.parametrize("name", [*LINED, *WHOLE, "samples-w.jtl", "histograms.json"])
@pytest.mark.parametrize("becomes", ["missing", "a directory", "empty"])
def test_a_file_that_is_none_costs_nothing_else(folder: Path, name: str, becomes: str, capfd):
    (folder / name).unlink()
    if becomes == "a directory":
        (folder / name).mkdir()
    elif becomes == "empty":
        (folder / name).touch()
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    word = json.loads((folder / "summary.json").read_text())["verdict"]["word"]
    is_natural = name in (
        "rejected.csv",
        "events.jsonl",
        "timeline.csv",
        "sweep.json",
        "samples-w.jtl",
        "histograms.json",
    )
    assert word == ("passed" if is_natural else "invalid")
    assert "Traceback" not in capfd.readouterr().err


def test_the_page_says_so_too(folder: Path):
    for name in LINED:
        with (folder / name).open("ab") as file:
            file.write(b"null\n")
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    page = (folder / "report.html").read_text()
    for name in LINED:
        assert f"{name} cannot be read in line" in page


def test_lines_of_samples_that_are_none_are_left_out_and_their_file_stays(folder: Path, capsys):
    with (folder / "samples-w.jtl").open("ab") as file:
        file.write(b"null\n\xff\xff,\xff,x\n7,2,x\n")
    assert main(["report", "build", str(folder)]) == EXIT.PASSED
    assert len((folder / "samples.jtl").read_text().splitlines()) == 1 + 5 + 1
    assert "samples-w.jtl: 2 of its lines are no sample" in capsys.readouterr().err
    assert (folder / "samples-w.jtl").exists()


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"\xff", b'{"schema_version": 1, "metrics": null}'])
def test_a_damaged_run_is_compared_with_nothing(folder: Path, content: bytes, capsys):
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    (folder / "histograms.json").write_bytes(content)
    for pair in ((folder, whole), (whole, folder)):
        assert main(["report", "compare", *map(str, pair)]) == EXIT.CONFIGURATION
        said = capsys.readouterr().err
        assert str(folder / "histograms.json") in said
        assert "Traceback" not in said


FUZZED = settings(
    max_examples=30, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SPOIL = st.sampled_from(
    [b"null", b"-1", b"1e999", b"99999999999999999999", b'"x"', b"[]", b"{}", b"\xff", b"", b"\n", b","]
)


@FUZZED
@given(name=st.sampled_from([*LINED, *WHOLE]), data=st.data())
def test_no_damage_whatever_breaks_a_report(whole: Path, tmp_path: Path, name: str, data: st.DataObject):
    """A piece of a file, of any length, becomes something else."""
    folder = tmp_path / "fuzzed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    content = (whole / name).read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = begin + data.draw(st.integers(0, 40))
    (folder / name).write_bytes(content[:begin] + data.draw(SPOIL) + content[end:])
    run = rebuild(folder)
    summary.summary(run)
    assert json.loads(summary._text(run))


@FUZZED
@given(data=st.data())
def test_a_value_of_another_type_breaks_no_report_and_no_comparison(whole: Path, tmp_path: Path, data: st.DataObject):
    """Anywhere in the JSON that a run writes."""
    folder = tmp_path / "fuzzed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    name = data.draw(st.sampled_from([*WHOLE, "intervals.jsonl", "histograms.json"]))
    lines = (whole / name).read_text().splitlines() if name == "intervals.jsonl" else [(whole / name).read_text()]
    document = json.loads(lines[0])
    spoil(document, data)
    (folder / name).write_text("\n".join([json.dumps(document), *lines[1:]]) + "\n")
    with suppress(HarnessError):  # of another version
        json.loads(summary._text(rebuild(folder)))
    with suppress(ConfigurationError):
        baseline.read(folder)


def spoil(document, data: st.DataObject) -> None:
    """Put something else in the place of one value, at any depth."""
    while True:
        keys = sorted(document) if isinstance(document, dict) else range(len(document))
        key = data.draw(st.sampled_from(list(keys)))
        inner = document[key]
        if not (isinstance(inner, dict | list) and inner) or data.draw(st.booleans()):
            new = st.sampled_from([None, True, -1, 1.5, 10**30, float("nan"), float("inf"), "x", [], {}, [[]], [None]])
            document[key] = data.draw(new)
            return
        document = inner
