"""The record of a run is kept while it goes on, and whole when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import gevent
import pytest
from locust.event import Events

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import LOGINS
from harness.evidence.storage.record import Facts
from harness.load.leases import LeaseTable, LocalRows
from harness.load.run.run import Run, incomplete
from harness.load.run.setup import Setup
from harness.load.supervisor import recorder as module
from harness.load.supervisor.recorder import OwnSeconds, Recorder
from harness.outcome import Outcome, Reason
from harness.settings import Settings
from harness.transport import Endpoint

STARTED_S = 1_795_000_000.25
LOGIN = Sample("login", "login", Outcome.OK, STARTED_S, 1_000, reason=Reason.INITIAL)


def setup_of(results: Path, samples: str = "no") -> Setup:
    settings = Settings(results_dir=str(results), run="a-run", samples=samples)
    return cast("Setup", SimpleNamespace(settings=settings, users=None, endpoint=Endpoint.parse("http://127.0.0.1")))


def second(count: int) -> Metrics:
    metrics = Metrics()
    for _ in range(count):
        metrics.record(LOGIN)
    return metrics


class Source:
    """Seconds that become due as the test says."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Metrics]] = []

    def due(self, _: float) -> list[tuple[int, Metrics]]:
        found, self.waiting = self.waiting, []
        return found


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def recorder(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(module, "INTERVAL_S", 0)
    facts = Facts("a-run", STARTED_S, ("Login",), 3)
    made = Recorder(setup_of(tmp_path), facts, source.due, lambda: {"w": Health()})
    yield made
    made._greenlet.kill()


def test_the_record_is_on_disk_while_the_run_goes_on(recorder: Recorder, source: Source, tmp_path: Path) -> None:
    source.waiting.append((int(STARTED_S) + 4, second(3)))
    with gevent.Timeout(30):
        while not (tmp_path / "a-run" / "generator.json").exists():
            gevent.sleep(0.05)
    assert "\n4,login,login,ok,initial,3," in (tmp_path / "a-run" / "timeline.csv").read_text()
    assert "Tag=login:login:ok:initial:latency," in (tmp_path / "a-run" / "histograms.hlog").read_text()


def test_at_the_end_everything_is_in_the_record(recorder: Recorder, source: Source) -> None:
    source.waiting.append((int(STARTED_S) + 4, second(3)))
    assert recorder.catch_up().tally(LOGINS).count == 3
    source.waiting.append((int(STARTED_S) + 5, second(2)))
    recorder.event("fault", "latency doubled")
    record = recorder.finish({"ended_s": STARTED_S + 6})
    assert record.metrics.tally(LOGINS).count == 5
    assert [event.kind for event in record.events] == ["started", "fault"]
    assert recorder._greenlet.ready()


def test_without_a_folder_the_run_goes_on(source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "results").write_text("a file")
    recorder = Recorder(setup_of(tmp_path / "results"), Facts("a-run", STARTED_S), source.due, dict)
    source.waiting.append((int(STARTED_S), second(7)))
    record = recorder.finish({"ended_s": STARTED_S + 1})
    assert record.metrics.tally(LOGINS).count == 7
    assert record.folder is None
    assert len(caplog.records) == 1
    assert "the run goes on" in caplog.text


def test_a_process_of_its_own_hands_out_what_it_measured_once() -> None:
    measured = [second(2), second(1)]
    seconds = OwnSeconds(lambda: measured.pop(0))
    before = seconds._second
    ((first, metrics),) = seconds.due(0)
    assert (first, metrics.tally(LOGINS).count) == (before, 2)
    assert seconds.due(0)[0][1].tally(LOGINS).count == 1


class TestSamples:
    def run(self, results: Path, samples: str = "yes") -> Run:
        rows = LocalRows(LeaseTable(3, planned=0, processes=1))
        return Run(setup_of(results, samples), Events(), rows, processes=1, users=lambda: 4)

    def test_every_sample_is_a_row(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        run.write_samples(tmp_path / "a-run" / "samples.jtl", "w")
        run.keep(LOGIN)
        run.drain()
        run.sample(LOGIN)
        told = run.close_samples()
        assert told == {"file": "samples.jtl", "rows": 2, "is_whole": True}
        assert incomplete(told) == ()
        lines = (tmp_path / "a-run" / "samples.jtl").read_text().splitlines()
        assert [line.split(",")[-6:-4] for line in lines[1:]] == [["1", "1"], ["4", "4"]]

    def test_a_folder_that_cannot_be_made_is_said_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "a-run").write_text("a file")
        run = self.run(tmp_path)
        run.write_samples(tmp_path / "a-run" / "samples.jtl", "w")
        run.keep(LOGIN)
        assert "could not be written" in caplog.text
        assert incomplete(run.close_samples())

    def test_nothing_is_said_of_samples_that_nobody_asked_for(self, tmp_path: Path) -> None:
        assert incomplete(self.run(tmp_path, "no").close_samples()) == ()
