"""What a run keeps while it goes on: in memory within bounds, and on disk so that a lost run can still be reported.

    results/<run id>/run.json           who ran what, when; written at the start and once more at the end
                     timeline.csv       each second
                     histograms.hlog    each ten seconds, HdrHistogram's log format
                     intervals.jsonl    each ten seconds: exact sums and maxima, errors, what was not measured
                     sweep.json         each ten seconds: figures of the sweep's steps, if there is one
                     generator.json     each ten seconds: health of each process, as a whole
                     events.jsonl       as they happen
                     rejected.csv       each ten seconds, from the first account on that Cognito rejected

A file that can no longer be written ends there, with one warning; the run goes on, and its reports with it.
"""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from harness.errors import HarnessError
from harness.evidence.figures import events, json_shapes, timeline
from harness.evidence.figures.events import Event, EventFinder
from harness.evidence.figures.generator_health import MAX_LAG_P99_US, Health, Validity
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import PHASES
from harness.evidence.figures.timeline import Timeline, seconds_of
from harness.evidence.judging import sweep
from harness.evidence.judging.sweep import Plan, SweepBook
from harness.evidence.judging.verdict import MAX_DROPPED_SHARE, FailureReason
from harness.evidence.storage import histogram_log, rejections
from harness.evidence.storage.rejections import Rejected, Rejections
from harness.evidence.target import Target
from harness.files import write_whole

VERSION: Final = 1
"""Changes when a file of a run's folder changes its meaning."""
RUN: Final = "run.json"
INTERVALS: Final = "intervals.jsonl"
GENERATOR: Final = "generator.json"
SWEEP: Final = "sweep.json"
LATEST: Final = "latest"
"""A symbolic link in the results directory, to the run that was begun last."""
INTERVAL_S: Final = 10
"""What of the histograms a run that is killed takes with it at most."""
MAX_EVENTS: Final = 10_000
"""Events that are kept in memory; the file has all of them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a run besides its measurements."""

    run_id: str
    started_s: float
    """Wall clock, seconds since the epoch."""
    classes: tuple[str, ...] = ()
    users: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    baseline_figures: Mapping[str, float] = field(default_factory=dict)
    """By a gate's text: what the baseline had that it is relative to, so that it can be judged without it."""
    max_lag_us: int = MAX_LAG_P99_US
    max_dropped_share: float = MAX_DROPPED_SHARE
    warmup_s: float = 0.0
    sweep: Plan | None = None
    """The levels of a sweep, which begins with the run."""
    stopping_s: float | None = None
    """When the users were told to stop; None while they run."""
    ended_s: float | None = None
    workers_lost: int = 0
    """How many workers were not heard any more when the run ended."""
    generator: Validity | None = None
    """Whether the load generator was fit to measure; None while the run goes on."""
    notes: tuple[str, ...] = ()
    target: Target | None = None
    """What is loaded; None in the folder of a run that did not keep it."""
    invalid_because: tuple[str, ...] = ()
    """What makes the run invalid besides its figures; see `harness.evidence.judging.verdict.decide`."""
    failed_because: tuple[FailureReason, ...] = ()
    """What keeps it from passing besides its figures; see there."""

    @property
    def measured_from_s(self) -> float:
        """Where the measured part begins: at the start, or at the first full second after the warm-up."""
        return self.started_s if not self.warmup_s else -(-(self.started_s + self.warmup_s) // 1)


class DamagedError(HarnessError):
    """A file is not what a run writes."""


class Trail:
    """A file that only grows. The first fault ends it, and is told once.

    Args:
        path: Must not exist.
        complain: Told what went wrong, one sentence without a full stop.
        mode: Who may read and write it; what the process's umask takes away is taken away.
    """

    def __init__(self, path: Path, complain: Callable[[str], None], mode: int = 0o666) -> None:
        self._path = path
        self._complain = complain
        self._file: io.FileIO | None = None
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            self._file = io.FileIO(descriptor, "w")
        except OSError as error:
            self._give_up(error)

    @property
    def is_open(self) -> bool:
        """Whether more can be written."""
        return self._file is not None

    def write(self, text: str) -> None:
        """Append whole lines; they are with the operating system when this returns."""
        if self._file is None or not text:
            return
        data = text.encode("utf-8", "backslashreplace")
        fault: OSError | None = None
        try:
            if self._file.write(data) != len(data):
                fault = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            fault = error
        if fault is not None:
            self.close()
            self._give_up(fault)

    def close(self) -> None:
        """No more will come."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_up(self, error: OSError) -> None:
        self._complain(f"{self._path} could not be written ({error.strerror or error})")


class Record:
    """What the process that concludes a run keeps of it. Not thread-safe.

    Args:
        facts: What is known at the start.
        folder: The run's own folder, already made; None keeps everything in memory.
        warn: Told what could not be written, at most once; the run goes on.
    """

    def __init__(self, facts: Facts, folder: Path | None, warn: Callable[[str], None]) -> None:
        self.facts = facts
        self.metrics = Metrics()
        """Everything measured, without the warm-up."""
        self.timeline = Timeline()
        self.events: list[Event] = []
        self.faults: list[str] = []
        """What could not be written: notes for the reader of the results."""
        self.rejections = Rejections()
        self.folder = folder
        self._warn = warn
        self.sweep = SweepBook(facts.sweep) if facts.sweep else None
        self._watch = EventFinder(facts.max_lag_us)
        self._warm = [0, 0]
        self._interval = Metrics()
        self._interval_from_s = 0.0
        self._trails: dict[str, Trail] = {}
        if folder is not None:
            self._write_whole(RUN, _facts_to_json(facts))
            for name, head in (
                (timeline.FILE_NAME, timeline.HEADER),
                (histogram_log.FILE_NAME, histogram_log.header(facts.started_s)),
                (INTERVALS, ""),
                (events.FILE_NAME, ""),
            ):
                self._trails[name] = Trail(folder / name, self._complain)
                self._trails[name].write(head)

    @property
    def warmup_notes(self) -> tuple[str, ...]:
        """What a reader must know about the warm-up, if there was one."""
        return warmup_note(self.facts.warmup_s, *self._warm)

    def event(self, at_s: float, kind: str, text: str) -> None:
        """Something happened.

        Args:
            at_s: Wall clock, seconds since the epoch.
            kind: One of those `Event` lists.
            text: One sentence without a full stop. Never a secret.
        """
        self._keep([Event(max(at_s - self.facts.started_s, 0.0), kind, text)])

    def reject(self, found: Iterable[Rejected]) -> None:
        """These accounts have been rejected; none of them is told twice."""
        rejected = list(found)
        if not rejected:
            return
        self.rejections.add(rejected)
        name = rejections.FILE_NAME
        if self.folder is not None and name not in self._trails:
            self._trails[name] = Trail(self.folder / name, self._complain, mode=0o600)
            self._append(name, rejections.header())
        self._append(name, rejections.to_csv(rejected))

    def second(self, epoch_s: int, metrics: Metrics) -> None:
        """Take in what ended in one second, of one process or of all; a second may come in parts.

        Args:
            epoch_s: The second, in whole seconds since the epoch.
            metrics: Not changed by the caller any more.
        """
        at_s = max(epoch_s - int(self.facts.started_s), 0)
        if epoch_s < int(self.facts.measured_from_s):
            self._warm[0] += metrics.measured
            self._warm[1] += metrics.failures
        else:
            self.metrics.merge(metrics)
            self._interval.merge(metrics)
        if self.sweep is not None:
            self.sweep.second(at_s, metrics)
        seconds = seconds_of(at_s, metrics)
        self.timeline.add(seconds)
        self._append(timeline.FILE_NAME, timeline.to_csv(seconds))
        self._keep(self._watch.measured(at_s, metrics))

    def generator(self, epoch_s: int, healths: Mapping[str, Health]) -> list[Event]:
        """Look at how the load generator fares, once a second; what is new about it."""
        found = list(self._watch.generator(max(epoch_s - int(self.facts.started_s), 0), healths))
        self._keep(found)
        return found

    def interval(self, now_s: float, healths: Mapping[str, Health], pause: Callable[[], None] = lambda: None) -> None:
        """Write down the histograms since the last time.

        Args:
            now_s: Wall clock, seconds since the epoch.
            healths: By the name of the process.
            pause: Called now and then, to let an event loop go on.
        """
        end_s = now_s - self.facts.started_s
        start_s, self._interval_from_s = self._interval_from_s, end_s
        metrics, self._interval = self._interval, Metrics()
        if self.folder is None:
            return
        # Sums first: lines of histograms without their sums are a little less exact, sums without histograms nothing.
        line = {
            "start_s": round(start_s, 3),
            "end_s": round(end_s, 3),
            "warmup": self._warm,
            "exact": _exact(metrics),
            **metrics.rest_to_wire(),
            "in_flight": self.metrics.in_flight.to_wire(),
        }
        self._append(INTERVALS, json.dumps(line, default=bytes.decode) + "\n")
        self._append(histogram_log.FILE_NAME, histogram_log.lines(metrics, start_s, end_s - start_s, pause))
        if self.sweep is not None:
            self._write_whole(SWEEP, json.dumps(sweep.to_json(self.sweep.result())))
        healths_wire = {name: health.to_wire() for name, health in healths.items()}
        self._write_whole(GENERATOR, json.dumps(healths_wire, default=bytes.decode))

    def finish(self, healths: Mapping[str, Health], changes: Mapping[str, Any]) -> None:
        """The run is over: write down what is left.

        Args:
            healths: By the name of the process.
            changes: Fields of `Facts` that are known now.
        """
        self.facts = replace(self.facts, **changes)
        self.interval(self.facts.ended_s or self.facts.started_s, healths)
        for trail in self._trails.values():
            trail.close()

    def conclude(
        self,
        notes: tuple[str, ...],
        generator: Validity | None = None,
        invalid_because: tuple[str, ...] = (),
        failed_because: tuple[FailureReason, ...] = (),
    ) -> None:
        """Say on disk that the run was concluded, and what a reader must know besides the figures."""
        self.facts = replace(
            self.facts, notes=notes, generator=generator, invalid_because=invalid_because, failed_because=failed_because
        )
        self._write_whole(RUN, _facts_to_json(self.facts))

    def fail(self, reason: FailureReason) -> None:
        """Say on disk what else keeps the run from passing, found after it was concluded."""
        self.facts = replace(self.facts, failed_because=(*self.facts.failed_because, reason))
        self._write_whole(RUN, _facts_to_json(self.facts))

    def _keep(self, found: Iterable[Event]) -> None:
        for event in found:
            if len(self.events) < MAX_EVENTS:
                self.events.append(event)
            self._append(events.FILE_NAME, events.to_line(event))

    def _append(self, name: str, text: str) -> None:
        if name in self._trails:
            self._trails[name].write(text)

    def _write_whole(self, name: str, text: str) -> None:
        """A reader sees the old state or the new one. A fault leaves the old one."""
        if self.folder is None:
            return
        try:
            write_whole(self.folder / name, text)
        except OSError as error:
            self._complain(f"{self.folder / name} could not be written ({error.strerror or error})")

    def _complain(self, sentence: str) -> None:
        if not self.faults:
            self._warn(f"{sentence}: the run goes on, and what is missing there is kept in memory")
        if sentence not in self.faults:
            self.faults.append(sentence)


def warmup_note(warmup_s: float, samples: int, failures: int) -> tuple[str, ...]:
    """What a reader of the figures must know about the warm-up; empty when there was none."""
    if not warmup_s:
        return ()
    counts = f"{samples} samples, {failures} of them failed, are in no figure but the timeline"
    return (f"the first {warmup_s:g} s are warm-up: {counts}",)


def make_folder(results: Path, run_id: str) -> Path:
    """Make the run's own folder, and point `latest` at it.

    Raises:
        HarnessError: if it exists already (a result is never overwritten), or cannot be made.
    """
    folder = results / run_id
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise HarnessError(f"{folder} exists already; a result is never overwritten", "use another run id") from error
    except OSError as error:
        raise HarnessError(
            f"the result cannot be written to {folder}: {error.strerror or error}",
            "give a directory with --results-dir that can be written to and has space left",
        ) from error
    point_latest_at(folder)
    return folder


def point_latest_at(folder: Path) -> None:
    """A convenience: where links cannot be made, or `latest` is something else, there is none."""
    link = folder.parent / LATEST
    scratch = folder.parent / f".{LATEST}.{folder.name}"
    try:
        scratch.symlink_to(folder.name)
        scratch.replace(link)
    except OSError:
        scratch.unlink(missing_ok=True)


def facts_from_json(text: str) -> Facts:
    """What `run.json` says.

    Raises:
        DamagedError: It is no such file.
        HarnessError: It is of another version.
    """
    try:
        found = json.loads(text)
        json_shapes.check(found, {"version": json_shapes.number})
        version = found.pop("version", None)
        if version != VERSION:
            raise HarnessError(
                f"{RUN} has version {version!r}, expected {VERSION}", "use the release of cognito-load that wrote it"
            )
        json_shapes.check(found, json_shapes.FACTS)
        tuples = {name: tuple(found.get(name, ())) for name in ("classes", "gates", "notes", "invalid_because")}
        tuples["failed_because"] = tuple(FailureReason(**reason) for reason in found.get("failed_because", ()))
        plan, target = found.pop("sweep", None), found.pop("target", None)
        return Facts(
            **{**found, **tuples, "baseline_figures": found.get("baseline_figures") or {}},
            sweep=Plan(**{**plan, "levels": tuple(plan["levels"])}) if plan else None,
            target=Target.from_json(target) if target else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{RUN} is not what a run writes", "give the folder of a run") from error


def _facts_to_json(facts: Facts) -> str:
    return json.dumps({"version": VERSION, **asdict(facts), "settings": dict(facts.settings)}, indent=2) + "\n"


def _exact(metrics: Metrics) -> list[list[str | int]]:
    return [
        [histogram_log.tag(key, phase), h.count, h.sum_us, h.max_us, h.clamped]
        for key, series in metrics.series()
        for phase, h in zip(PHASES, series.histograms(), strict=True)
        if h.count
    ]
