"""A run that was written down, read back with everything it measured: what another run can be held against.

`histograms.json` holds `Metrics.to_wire` and `Health.to_wire`, so that nothing is lost between a run and its
comparison: a percentile of a run of last month is computed by the code that computes today's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import ConfigurationError, HarnessError, Problem
from harness.evidence.figures import json_shapes
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.judging.measured import Measured
from harness.files import MIB, read_bytes, write_whole

_SHAPE = {
    "run_id": json_shapes.text,
    "duration_s": json_shapes.seconds,
    "word": json_shapes.text,
    "metrics": json_shapes.METRICS,
    "healths": json_shapes.mapping(json_shapes.HEALTH),
}
FILE_NAME = "histograms.json"
SCHEMA_VERSION = 1
MOST_BYTES: Final = 256 * MIB
"""Far more than the histograms of a run with a thousand names take."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is left of a run that is over."""

    run_id: str
    duration_s: float
    """How long was measured, in seconds: what rates are relative to."""
    metrics: Metrics
    healths: Mapping[str, Health]
    """By the name of the process."""
    word: str = ""
    """The verdict: passed, failed or invalid."""

    @property
    def measured(self) -> Measured:
        """What a gate that is relative to this run is held against."""
        return Measured(self.metrics, self.duration_s)


def write(past: Baseline, folder: Path) -> Path:
    """Write `<folder>/histograms.json`, whole or not at all.

    Raises:
        HarnessError: when it cannot be written.
    """
    file = folder / FILE_NAME
    try:
        write_whole(file, _to_text(past))
    except OSError as error:
        raise HarnessError(
            f"{file} cannot be written: {error.strerror or error}",
            "this run cannot be a baseline; give a directory with --results-dir that has space left",
        ) from error
    return file


def read(path: Path) -> Baseline:
    """The run of a results folder (`results/20261123-201530-ab12`, `results/latest`), or of its histograms.json.

    Raises:
        ConfigurationError: when there is none, or it cannot be read; the message names the file, the hint what to do.
    """
    file = path
    try:
        file = path / FILE_NAME if path.is_dir() else path
        document: dict[str, Any] = json.loads(read_bytes(file, MOST_BYTES).decode("utf-8"))
        _check_version(file, document["schema_version"])
        json_shapes.check(document, _SHAPE)
        return Baseline(
            run_id=str(document["run_id"]),
            duration_s=float(document["duration_s"]),
            metrics=Metrics.from_wire(document["metrics"]),
            healths={name: Health.from_wire(wire) for name, wire in document["healths"].items()},
            word=str(document["word"]),
        )
    except OSError as error:
        raise _refused(
            f"{file} cannot be read: {error.strerror or error}",
            f"Name the folder of a run, such as results/latest: it holds {FILE_NAME} when the run ended by itself.",
        ) from error
    except ConfigurationError:
        raise
    except HarnessError as error:
        raise _refused(f"{file}: {error.message}", error.hint) from error
    except Exception as error:  # whatever a damaged file makes the decoders raise
        raise _refused(f"{file} does not hold what a run measured", "Name the folder of a run.") from error


def _check_version(file: Path, version: object) -> None:
    if version != SCHEMA_VERSION:
        raise _refused(
            f"{file} is of version {version!r}, expected {SCHEMA_VERSION}",
            "Compare runs that the same release of cognito-load wrote.",
        )


def _to_text(past: Baseline) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": past.run_id,
        "duration_s": past.duration_s,
        "word": past.word,
        "metrics": past.metrics.to_wire(),
        "healths": {name: health.to_wire() for name, health in sorted(past.healths.items())},
    }
    # HdrHistogram's text form is bytes, of ASCII.
    return json.dumps(document, default=lambda encoded: encoded.decode("ascii")) + "\n"


def _refused(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(message, hint)])
