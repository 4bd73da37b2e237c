"""Processes on this machine: whether one of them is still there, sooner than its silence tells."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil


def own_process() -> list[Any]:
    """This process as another one may find it, in types msgpack knows: the machine, and the number on it."""
    return [_machine(), os.getpid()]


def is_gone(process: list[Any]) -> bool:
    """Whether a process that named itself by `own_process` has ended; of one on another machine nobody can tell."""
    machine, number = process
    return machine == _machine() and not is_alive(int(number))


def is_alive(number: int) -> bool:
    """Whether a process of this machine runs; one that waits to be reaped does not."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _machine() -> str:
    """Its name and the space of its process numbers: containers have spaces of their own."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{platform.node()} {space}"
