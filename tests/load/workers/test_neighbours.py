"""Whether a process of this machine is still there."""

from __future__ import annotations

import subprocess
import sys

from harness.load.workers.neighbours import is_gone, own_process


def test_a_process_here_is_gone_when_it_has_ended_even_if_nobody_has_reaped_it() -> None:
    machine, own = own_process()
    assert not is_gone([machine, own])
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert not is_gone([machine, child.pid])
    child.communicate()
    assert is_gone([machine, child.pid])


def test_of_a_process_elsewhere_nobody_can_tell() -> None:
    assert not is_gone(["another machine", 2**22 + 1])
