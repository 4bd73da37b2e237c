"""What a run left on disk, as far as it can be read; what cannot is said, and costs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from harness.errors import HarnessError
from harness.evidence.figures import events, json_shapes, timeline
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.events import Event
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.timeline import Timeline
from harness.evidence.judging import sweep
from harness.evidence.judging.sweep import Sweep
from harness.evidence.storage import histogram_log, rejections
from harness.evidence.storage.damage import MISSING, Damage, Lines
from harness.evidence.storage.record import GENERATOR, INTERVALS, RUN, SWEEP, DamagedError, Facts, facts_from_json
from harness.evidence.storage.rejections import Rejections

T = TypeVar("T")

_FIGURES: Final = (RUN, INTERVALS, histogram_log.FILE_NAME, GENERATOR)
"""Without all of these nobody can say that a run has passed."""
_COPY: Final = "copy the folder anew from where the run was made, or run it again"


@dataclass(slots=True)
class Remains:
    """The folder of one run."""

    facts: Facts
    is_concluded: bool
    """Whether the run came to its end, so that its files are to be whole."""
    damage: Damage
    timeline: Timeline = field(default_factory=Timeline)
    metrics: Metrics = field(default_factory=Metrics)
    measured_to_s: float = 0.0
    """Up to when histograms reach, in seconds since the start."""
    warmup: tuple[int, int] = (0, 0)
    """Samples and failures of the warm-up."""
    healths: dict[str, Health] = field(default_factory=dict)
    sweep: Sweep | None = None
    events: tuple[Event, ...] = ()
    rejections: Rejections = field(default_factory=Rejections)

    @property
    def invalid_because(self) -> tuple[str, ...]:
        """What is missing for a verdict, each with what to do about it."""
        damaged = [said for name in _FIGURES if (said := self.damage.of(name))]
        return (f"{'; '.join(damaged)}: {_COPY}",) if damaged else ()


def remains_of(folder: Path) -> Remains:
    """Everything in a folder that can be read.

    Raises:
        HarnessError: The folder holds no run, or one of another release.
    """
    damage = Damage()
    facts = _facts(folder, damage)
    is_concluded = facts.ended_s is not None

    def lines(name: str, *, is_expected: bool = True) -> Lines:
        return Lines(folder / name, damage, is_ended=is_concluded, is_expected=is_expected)

    found = Remains(facts, is_concluded, damage)
    seconds = lines(timeline.FILE_NAME)
    found.timeline = Timeline(timeline.from_csv(seconds, seconds.refuse))
    _measure(found, lines(INTERVALS), lines(histogram_log.FILE_NAME))
    found.healths = _whole(folder / GENERATOR, damage, _healths, is_expected=is_concluded) or {}
    found.sweep = _whole(folder / SWEEP, damage, sweep.from_json, is_expected=is_concluded and facts.sweep is not None)
    happened = lines(events.FILE_NAME)
    found.events = tuple(events.from_lines(happened, happened.refuse))
    accounts = lines(rejections.FILE_NAME, is_expected=False)
    found.rejections.add(rejections.from_csv(accounts, accounts.refuse))
    return found


def _facts(folder: Path, damage: Damage) -> Facts:
    path = folder / RUN
    try:
        return facts_from_json(path.read_bytes().decode("utf-8"))
    except DamagedError:
        damage.file(RUN, "is damaged, and with it settings, gates and when the run ended are not known")
    except UnicodeDecodeError:
        damage.file(RUN, "is not UTF-8, so that settings, gates and when the run ended are not known")
    except OSError as error:
        if not any((folder / name).is_file() for name in (INTERVALS, histogram_log.FILE_NAME, timeline.FILE_NAME)):
            raise HarnessError(
                f"{path} cannot be read: {error.strerror or error}", "give the folder of a run, such as results/latest"
            ) from error
        damage.file(RUN, f"cannot be read ({error.strerror or error})")
    log = Lines(folder / histogram_log.FILE_NAME, Damage(), is_ended=False, is_expected=False)
    return Facts(run_id=folder.name, started_s=histogram_log.started(log) or 0.0)


def _measure(found: Remains, intervals: Lines, histograms: Lines) -> None:
    exact: dict[tuple[str, str], list[int]] = {}
    unknown = 0
    for line in intervals:
        read = _interval(line)
        if read is None:
            intervals.refuse()
            continue
        document, metrics = read
        found.metrics.merge(metrics)
        found.metrics.in_flight = metrics.in_flight
        found.measured_to_s, found.warmup = document["end_s"], (document["warmup"][0], document["warmup"][1])
        for tag, *figures in document["exact"]:
            exact[f"{document['start_s']:.3f}", tag] = figures
    for interval in histogram_log.read(histograms, histograms.refuse):
        histogram = interval.histogram
        known = exact.pop((f"{interval.start_s:.3f}", histogram_log.tag(interval.key, interval.phase)), None)
        if known is not None and known[0] == histogram.count:
            _, histogram.sum_us, histogram.max_us, histogram.clamped = known
        elif known is not None:
            histograms.refuse()
        else:
            unknown += 1
        found.metrics.merge_histogram(interval.key, interval.phase, histogram)
    if unknown and found.is_concluded and not found.damage.of(INTERVALS):
        found.damage.file(INTERVALS, f"lacks {unknown} of the histograms in {histogram_log.FILE_NAME}")
    if exact and found.is_concluded and not found.damage.of(histogram_log.FILE_NAME):
        found.damage.file(histogram_log.FILE_NAME, f"lacks {len(exact)} of its histograms")


def _interval(line: str) -> tuple[dict[str, Any], Metrics] | None:
    """A line of `intervals.jsonl`, and what it adds; None when it is none."""
    metrics = Metrics()
    try:
        document: dict[str, Any] = json.loads(line)
        json_shapes.check(document, json_shapes.INTERVAL)
        metrics.merge_rest(document)
        metrics.in_flight = Ages.from_wire(document.get("in_flight") or ())  # older runs do not know
    except (ValueError, RecursionError):
        return None
    return document, metrics


def _healths(found: Any) -> dict[str, Health]:  # noqa: ANN401  # JSON
    json_shapes.check(found, json_shapes.mapping(json_shapes.HEALTH))
    return {name: Health.from_wire(wire) for name, wire in found.items()}


def _whole(path: Path, damage: Damage, read: Callable[[Any], T], *, is_expected: bool) -> T | None:
    """What a file holds that is replaced as a whole; None when it cannot be read."""
    try:
        return read(json.loads(path.read_bytes().decode("utf-8")))
    except FileNotFoundError:
        if is_expected:
            damage.file(path.name, MISSING)
    except OSError as error:
        damage.file(path.name, f"cannot be read ({error.strerror or error})")
    except (ValueError, KeyError, TypeError, RecursionError):
        damage.file(path.name, "is damaged")
    return None
