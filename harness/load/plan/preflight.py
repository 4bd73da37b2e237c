"""What the doctor knows, asked once before the load."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

from harness.credentials import CsvDataSet
from harness.doctor import Case, Known, State, examine, examine_quickly
from harness.errors import Problem
from harness.settings import Settings

log = logging.getLogger("cognito-load")


class Checked(NamedTuple):
    """What was found."""

    problems: list[Problem]
    token_life_s: float | None = None
    """How long tokens live, when a login has told it."""


def preflight(settings: Settings, data_set: CsvDataSet, *, run_time_s: float = 0.0) -> Checked:
    """The faults that --cognito-preflight finds; warnings are logged.

    Args:
        settings: What the user asked for, without faults of its own.
        data_set: How to read the users file.
        run_time_s: How long the run is going to take; 0 when nobody knows.
    """
    if settings.preflight == "off":
        return Checked([])
    case, known = Case(settings, os.environ, data_set, run_time_s=run_time_s), Known()
    problems = []
    for finding in examine(case, known) if settings.preflight == "full" else examine_quickly(case):
        if finding.state is State.FAULT:
            problems.append(finding.problem)
        elif finding.state is State.WARNING:
            log.warning("%s: %s %s", finding.check, finding.message, finding.remedy)
    return Checked(problems, float(known.tokens.expires_in_s) if known.tokens else None)
