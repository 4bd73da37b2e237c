from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from harness.doctor import answers, basis, keys, logins, pool, reach
from harness.doctor.case import Case, Known
from harness.doctor.finding import Finding, State

Check = Callable[[Case, Known], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    basis.check_settings,
    basis.check_users,
    basis.check_secrets,
    reach.check_way,
    reach.check_clock,
    keys.check_keys,
    logins.check_logins,
    answers.check_answers,
    answers.check_api,
    pool.check_pool,
    pool.check_account,
)
"""In the order in which they build on each other."""


def examine(case: Case, known: Known | None = None) -> Iterator[Finding]:
    """Everything that can be known before the load, each finding as soon as it is there.

    It logs in with three accounts, changes nothing, and asks AWS what the keys allow. Whatever a fault keeps from being
    checked is found `NOT_CHECKED`.

    Args:
        case: What is examined.
        known: Takes what was found out, for whoever wants to go on from there.
    """
    return _run(CHECKS, case, known or Known())


def examine_quickly(case: Case) -> Iterator[Finding]:
    """The part that costs nothing: the way to the endpoint and the clock. A local endpoint is sent no request."""
    known = Known()
    for _ in basis.check_settings(case, known):
        pass  # whoever asks for the quick part has checked the settings
    checks = (reach.check_way,) if case.settings.is_local else (reach.check_way, reach.check_clock)
    return _run(checks, case, known)


def _run(checks: tuple[Check, ...], case: Case, known: Known) -> Iterator[Finding]:
    for check in checks:
        for finding in check(case, known):
            if finding.state is State.FAULT:
                known.faulty.add(finding.check)
            yield finding
