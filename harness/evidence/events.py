"""What a reader of the timeline must know about a moment: a worker was lost, throttling began, the loop lagged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One moment of a run."""

    at_s: float
    """Seconds since the run's start."""
    kind: str
    """`worker_joined`, `worker_lost`, `throttled`, `lockout`, `lag`, `exception`, `gate_abort`, `evidence` …"""
    text: str
    """One sentence without a full stop. Never a secret."""
