"""Exceptions that end greenlets of Locust, of the locustfile or of the harness, and those in listeners of events.

Locust logs them and goes on. A run whose listener or spawner has failed is not the run that was ordered.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import gevent
import locust
from locust.exception import StopTest, StopUser

import harness

_LOCUST: Final = str(Path(locust.__file__).parent)
_HARNESS: Final = str(Path(harness.__file__).parent)
_LIBRARIES: Final = ("site-packages", "dist-packages", "lib/python")
_LISTENER: Final = "Uncaught exception in event handler"


class Witness(logging.Handler):
    """Tells of each such exception once, by its type and place: its text may hold a secret.

    Args:
        tell: Gets a sentence without a full stop.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell
        self._told: set[str] = set()

    def listen(self) -> None:
        """Hear what Locust logs, and what gevent is told of greenlets that nobody waits for."""
        for name in (None, "locust"):
            logging.getLogger(name).addHandler(self)
        hub = gevent.get_hub()
        original = hub.handle_error

        def handle_error(context: object, kind: Any, value: Any, tb: Any) -> None:  # noqa: ANN401  # gevent's own
            if isinstance(context, gevent.Greenlet) and not _is_user(context):
                self._saw(value, tb)
            original(context, kind, value, tb)

        hub.handle_error = handle_error

    def forget(self) -> None:
        """Another run begins: what is seen again is told again."""
        self._told.clear()

    def emit(self, record: logging.LogRecord) -> None:
        """Locust logs an exception; a listener's is being handled meanwhile, a greenlet's is in the record."""
        kind, value, tb = record.exc_info or (None, None, None)
        if kind is None and str(record.msg).startswith(_LISTENER):
            _, value, tb = sys.exc_info()
        elif record.levelno < logging.CRITICAL:
            return
        self._saw(value, tb)

    def _saw(self, value: BaseException | None, tb: TracebackType | None) -> None:
        if not isinstance(value, Exception) or isinstance(value, StopTest | StopUser):
            return
        sentence = described(value, tb or value.__traceback__)
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(sentence)


def described(error: BaseException, tb: TracebackType | None) -> str:
    """Who failed, with what and where: `Locust itself failed: KeyError (dispatch.py, line 353)`.

    The text of the error is in the log; only an operating system's own is harmless enough to be repeated.
    """
    who, place = "Locust itself", ""
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        place = f" ({Path(file).name}, line {tb.tb_lineno})"
        who = "the harness itself" if file.startswith(_HARNESS) else "Locust itself"
        if _is_the_users(tb.tb_frame.f_globals.get("__name__"), file):
            who = "the locustfile"
            break
        tb = tb.tb_next
    what = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        what += f": {error.strerror}" + (f": {error.filename}" if error.filename else "")
    hint = "; does the shape name a class that does not run?" if "dispatch.py" in place else ""
    return f"{who} failed: {what}{place}{hint}"


def _is_the_users(module: object, file: str) -> bool:
    """Whether this is neither Locust, nor a library, nor the script that started Locust."""
    is_known = file.startswith((_LOCUST, _HARNESS)) or any(part in file for part in _LIBRARIES)
    is_known = is_known or not Path(file).is_absolute()  # of a module that was compiled, or of none
    return module != "__main__" and not is_known


def _is_user(greenlet: gevent.Greenlet) -> bool:
    """Users' exceptions are counted where they are raised."""
    return getattr(getattr(greenlet, "_run", None), "__name__", "") == "run_user"
