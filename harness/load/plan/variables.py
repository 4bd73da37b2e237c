"""Variables of the environment that are meant for a run, and that nothing reads."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from harness import credentials, vault
from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError, Problem
from harness.settings import CLIENT_SECRET_VARIABLE, Settings
from harness.settings.names import Unread, unread

NOT_READ: Final = "no option reads the set variables %s (`cognito-load options` lists those that are read)"

_OF_GATES: Final = ("COGNITO_GATE", "COGNITO_GATE_FILE", "COGNITO_BASELINE")
"""An unset variable of a job is empty in its steps, and the run green without what it was to be held against."""

log = logging.getLogger("cognito-load")


def variable_problems(settings: Settings, data_set: CsvDataSet) -> list[Problem]:
    """Variables near to one of ours, which no reference of the users file or of the client secret names."""
    return _unread(settings, data_set).misspelt


def say_others(settings: Settings, data_set: CsvDataSet) -> None:
    """Log which variables look like ours and are another program's, and which hold no gate though they are there."""
    for name in _OF_GATES:
        if os.environ.get(name, "set").strip() == "":
            log.warning("%s is set and empty: nothing is held against it", name)
    if others := _unread(settings, data_set).others:
        log.warning(NOT_READ, ", ".join(others))


def _unread(settings: Settings, data_set: CsvDataSet) -> Unread:
    """The users file is read where it matters only."""
    return unread(os.environ, _secrets(settings, data_set)) if any(unread(os.environ)) else Unread([], [])


def _secrets(settings: Settings, data_set: CsvDataSet) -> Iterator[str]:
    yield os.environ.get(CLIENT_SECRET_VARIABLE, "")
    if settings.is_machine:
        return
    try:
        users = credentials.read(replace(data_set, path=settings.users))
    except ConfigurationError:
        return  # said elsewhere
    yield from (value for _, value in users.secrets(vault.PREFIXES))
