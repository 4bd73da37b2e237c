"""All cases, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from bench.faults.case import Case
from bench.faults.cases import answers, configuration, endings, machine, own_code, together, verdicts


def cases() -> Sequence[Case]:
    """Every one of them."""
    return [
        *answers.CASES,
        *endings.CASES,
        *configuration.CASES,
        *verdicts.CASES,
        *own_code.CASES,
        *machine.CASES,
        *together.CASES,
    ]
