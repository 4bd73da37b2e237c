"""What a run keeps while it goes on, and what can be made of it when nobody concluded it."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import EXIT, HarnessError
from harness.evidence.figures import timeline
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.events import CLOCK_SET
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import LOGINS, REQUESTS
from harness.evidence.rebuild import rebuild
from harness.evidence.storage.record import Facts, Record, Trail, facts_from_json, make_folder
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_000_000.25
FACTS = Facts("20261123-201530-ab12", STARTED_S, ("Api",), 5, {"region": "eu-west-1"}, ("GET /me p95 < 1s",))
NAMES = ("GET /me", 'odd, "name"\nof two lines')


def measured(count: int = 10, outcome: Outcome = Outcome.OK, base_us: int = 1_000) -> Metrics:
    metrics = Metrics()
    for i in range(count):
        error = "" if outcome is Outcome.OK else "HTTP 500"
        for name in NAMES:
            metrics.record(Sample("request", name, outcome, STARTED_S, base_us + 977 * i, error=error))
        metrics.record(
            Sample("login", "login", outcome, STARTED_S, base_us * 3, 700, 900, Reason.INITIAL, error, tls_us=300)
        )
    return metrics


def healthy() -> dict[str, Health]:
    health = Health()
    health.lag(1_500)
    health.cpu(0.3, 1.0)
    return {"this process": health}


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "results", FACTS.run_id)


@pytest.fixture
def record(folder: Path, warnings: list[str]) -> Record:
    return Record(FACTS, folder, warnings.append)


def live(record: Record, seconds: int) -> None:
    """A run of so many seconds, as the keeper lives it."""
    for at_s in range(seconds):
        outcome = Outcome.SERVER_ERROR if at_s % 7 == 6 else Outcome.OK
        record.second(int(STARTED_S) + at_s, measured(outcome=outcome, base_us=1_000 + at_s))
        if at_s % 10 == 9:
            record.interval(STARTED_S + at_s + 1, healthy())


def conclude(record: Record, at_s: int) -> None:
    now_s = STARTED_S + at_s
    record.finish(healthy(), {"stopping_s": now_s, "ended_s": now_s})
    record.conclude(("a note",))


class TestRebuilding:
    def test_a_concluded_run_is_rebuilt_without_loss(self, record: Record, folder: Path) -> None:
        live(record, 25)
        record.metrics.skip("GET /me", "no token")
        conclude(record, 25)
        run = rebuild(folder)
        wire = record.metrics.to_wire()
        rebuilt = run.metrics.to_wire()
        assert rebuilt["series"] == wire["series"]
        assert rebuilt["errors"] == wire["errors"]
        assert list(run.timeline) == list(record.timeline)
        assert list(run.events) == record.events
        assert (run.duration_s, run.classes, run.users) == (25.0, ("Api",), 5)
        assert run.notes == ("a note",)
        assert run.settings == {"region": "eu-west-1"}
        assert run.healths["this process"].lags.count == 1
        assert [result.state for result in run.gates] == ["passed"]
        assert run.verdict.word == "passed"

    def test_a_killed_run_lacks_its_last_moments_and_says_so(self, record: Record, folder: Path) -> None:
        live(record, 25)
        run = rebuild(folder)
        assert run.metrics.tally(LOGINS).count == 200, "two whole intervals"
        assert run.duration_s == 20
        assert {entry.at_s for entry in run.timeline} == set(range(25))
        assert "figures cover the first 20 s, the timeline 25 s" in run.notes[0]
        assert (run.verdict.word, run.verdict.exit_code) == ("invalid", EXIT.INVALID)
        assert "not concluded" in run.verdict.sentence

    def test_connections_found_closed_and_clocks_that_were_set_are_rebuilt(self, record: Record, folder: Path) -> None:
        healths = healthy()
        (health,) = healths.values()
        health.kept.logins, health.kept.reopened = 100, 30
        health.clock_steps.append(-20.0)
        (event,) = record.generator(int(STARTED_S) + 7, healths)
        assert (event.at_s, event.kind, event.text) == (7, CLOCK_SET, "the clock of this process was set back by 20 s")
        assert record.generator(int(STARTED_S) + 8, healths) == [], "each step is told once"
        live(record, 10)
        record.interval(STARTED_S + 20, healths)
        run = rebuild(folder)
        assert run.verdict.suspect_because[0].startswith("30 of 100 logins (30%")
        assert "the clock of this process was set back by 20 s at 7 s: durations" in " ".join(run.notes)

    def test_a_killed_run_has_what_was_open_when_it_was_looked_at_last(self, record: Record, folder: Path) -> None:
        """Its users were never stopped, so that nothing was cut off; a hang shows all the same."""
        for at_s, number in ((9, 5), (19, 3)):
            record.metrics.in_flight = Ages()
            for _ in range(number):
                record.metrics.in_flight.record("request", NAMES[1], (at_s + 1) * 1_000_000)
            live(record, 10)
        run = rebuild(folder)
        assert run.metrics.tally(REQUESTS).ages.count == 3, "a look replaces the one before"
        assert run.metrics.tally(REQUESTS).ages.max_us == 20_000_000
        assert (run.verdict.word, run.verdict.exit_code) == ("invalid", EXIT.INVALID)

    def test_what_was_cut_off_is_rebuilt_with_its_ages(self, record: Record, folder: Path) -> None:
        """More of them than fit into a list: JSON has no bytes, and HdrHistogram's text form is ASCII."""
        cut_off = measured()
        for age_us in range(0, 4_000_000, 999):
            cut_off.cut_off_ages.record("request", "GET /me", 10_500_000 + age_us)
        record.second(int(STARTED_S), cut_off)
        conclude(record, 5)
        run = rebuild(folder)
        assert run.metrics.cut_off_ages.to_wire() == record.metrics.cut_off_ages.to_wire()
        assert [result.state for result in run.gates] == ["failed"]
        lines = [json.loads(line) for line in (folder / "intervals.jsonl").read_text().splitlines()]
        for line in lines:  # as an earlier release wrote them
            del line["cut_off_ages"], line["in_flight"]
        (folder / "intervals.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert rebuild(folder).metrics.tally(REQUESTS).ages.count == 0

    @pytest.mark.parametrize(
        ("settings", "cut_off", "word"),
        [
            ({}, 1, "failed"),
            ({"baseline": "results/before"}, 1, "passed"),
            ({"baseline": "results/before"}, 3, "failed"),
        ],
    )
    def test_a_service_that_hung_fails_the_rebuilt_run_too(
        self, folder: Path, settings: dict[str, str], cut_off: int, word: str
    ) -> None:
        record = Record(replace(FACTS, gates=(), settings=settings), folder, pytest.fail)
        metrics = measured()
        for _ in range(cut_off):
            metrics.cut_off_ages.record("request", "GET /me", 14_000_000)
        record.second(int(STARTED_S), metrics)
        conclude(record, 5)
        assert rebuild(folder).verdict.word == word

    @pytest.mark.parametrize(("before_us", "state"), [(1_000_000, "passed"), (1, "failed")])
    def test_a_gate_is_held_against_its_baseline_though_that_is_gone(
        self, folder: Path, before_us: float, state: str
    ) -> None:
        """The folder of a run is all that is needed to judge it once more."""
        gate = "GET /me max < baseline * 1.10"
        facts = replace(FACTS, gates=(gate,), baseline_figures={gate: before_us}, settings={"baseline": "results/gone"})
        record = Record(facts, folder, pytest.fail)
        record.second(int(STARTED_S), measured())
        conclude(record, 5)
        [result] = rebuild(folder).gates
        assert result.state == state, result.sentence
        assert "baseline" in result.sentence

    def test_wherever_the_kill_tears_a_file_the_rest_is_read(self, record: Record, folder: Path) -> None:
        live(record, 20)
        whole = {path.name: path.read_bytes() for path in folder.iterdir()}
        for name in ("timeline.csv", "histograms.hlog", "intervals.jsonl", "events.jsonl"):
            for cut in (1, 5, 37):
                (folder / name).write_bytes(whole[name][:-cut] if len(whole[name]) > cut else b"")
                assert rebuild(folder).metrics.tally(REQUESTS).count > 0
            (folder / name).write_bytes(whole[name])

    def test_a_run_killed_in_its_first_seconds_has_a_timeline_and_no_figures(
        self, record: Record, folder: Path
    ) -> None:
        live(record, 3)
        run = rebuild(folder)
        assert run.metrics.measured == 0
        assert run.timeline[-1].at_s == 2

    def test_a_folder_without_a_run_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(HarnessError, match=r"run\.json cannot be read"):
            rebuild(tmp_path)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "run_id": "x"}', '{"version": 9}'])
    def test_a_file_that_is_no_run_is_refused(self, text: str) -> None:
        with pytest.raises(HarnessError, match=r"run\.json"):
            facts_from_json(text)


class TestWarmUp:
    def test_is_in_the_timeline_and_in_no_figure(self, folder: Path) -> None:
        record = Record(replace(FACTS, warmup_s=10.0), folder, lambda _: None)
        live(record, 25)
        assert record.metrics.tally(LOGINS).count == 140, "from the first full second after 10.25 s"
        assert record.facts.measured_from_s == STARTED_S - 0.25 + 11
        assert sum(entry.count for entry in record.timeline if entry.kind == "login") == 250
        assert record.warmup_notes == (
            "the first 10 s are warm-up: 330 samples, 30 of them failed, are in no figure but the timeline",
        )
        conclude(record, 25)
        run = rebuild(folder)
        assert run.metrics.tally(LOGINS).count == 140
        assert (run.warmup_s, run.duration_s) == (10.0, 14.25)


class TestFaults:
    def test_a_full_disk_is_one_warning_and_the_run_goes_on_in_memory(
        self, record: Record, folder: Path, warnings: list[str]
    ) -> None:
        live(record, 5)
        for trail in record._trails.values():
            trail._file = FullDisk(trail._file)
        live(record, 20)
        conclude(record, 25)
        assert len(warnings) == 1
        assert "No space left on device" in warnings[0]
        assert record.metrics.tally(LOGINS).count == 250
        assert sum(entry.count for entry in record.timeline if entry.kind == "login") == 250
        assert any("timeline.csv could not be written" in fault for fault in record.faults)

    def test_a_write_that_is_cut_short_is_a_full_disk(self, tmp_path: Path) -> None:
        told: list[str] = []
        trail = Trail(tmp_path / "x", told.append)
        trail._file = ShortWrites(trail._file)
        trail.write("a line\n")
        trail.write("another\n")
        assert told == [f"{tmp_path / 'x'} could not be written (No space left on device)"]
        assert not trail.is_open

    def test_a_file_that_is_there_already_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("before")
        told: list[str] = []
        Trail(tmp_path / "x", told.append).write("a line\n")
        assert (tmp_path / "x").read_text() == "before"
        assert told == [f"{tmp_path / 'x'} could not be written (File exists)"]

    def test_without_a_folder_everything_is_in_memory(self, warnings: list[str]) -> None:
        record = Record(FACTS, None, warnings.append)
        live(record, 12)
        record.event(STARTED_S + 3, "fault", "latency doubled")
        conclude(record, 12)
        assert (record.metrics.tally(LOGINS).count, len(warnings)) == (120, 0)
        assert [event.kind for event in record.events] == ["fault"]

    def test_a_folder_that_vanished_is_one_warning(self, folder: Path, warnings: list[str]) -> None:
        (folder / "run.json").mkdir()
        record = Record(FACTS, folder, warnings.append)
        conclude(record, 1)
        assert len(warnings) == 1
        assert "run.json could not be written" in warnings[0]

    def test_a_run_never_gets_the_folder_of_another(self, folder: Path) -> None:
        with pytest.raises(HarnessError, match="exists already; a result is never overwritten"):
            make_folder(folder.parent, folder.name)

    def test_a_folder_that_cannot_be_made_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "results").write_text("a file")
        with pytest.raises(HarnessError, match="cannot be written to") as caught:
            make_folder(tmp_path / "results", "a")
        assert "--results-dir" in caught.value.hint


def test_the_files_hold_what_the_page_about_them_says(record: Record, folder: Path) -> None:
    live(record, 12)
    conclude(record, 12)
    assert sorted(path.name for path in folder.iterdir()) == [
        "events.jsonl",
        "generator.json",
        "histograms.hlog",
        "intervals.jsonl",
        "run.json",
        "timeline.csv",
    ]
    assert (folder / "timeline.csv").read_text().startswith(timeline.HEADER + "0,request,GET /me,ok,,10,")
    assert json.loads((folder / "run.json").read_text())["gates"] == ["GET /me p95 < 1s"]
    assert (folder.parent / "latest").readlink() == Path(folder.name)


def test_how_the_generator_fares_becomes_events(record: Record) -> None:
    healths = healthy()
    healths["this process"].lag(2_000_000)
    record.generator(int(STARTED_S) + 4, healths)
    assert [(event.at_s, event.kind) for event in record.events] == [(4, "lag")]


def test_events_in_memory_are_bounded(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.evidence.storage.record.MAX_EVENTS", 3)
    for _ in range(5):
        record.event(STARTED_S, "fault", "again")
    assert len(record.events) == 3


class FullDisk:
    def __init__(self, file: object) -> None:
        self._file = file

    def write(self, _: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()


class ShortWrites(FullDisk):
    def write(self, data: bytes) -> int:
        return len(data) - 1
