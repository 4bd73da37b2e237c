"""The run that the users of an environment belong to."""

from __future__ import annotations

from typing import Final

from locust.env import Environment

from harness.errors import HarnessError
from harness.load.run.run import Run

_ATTRIBUTE: Final = "cognito_run"


def attach(environment: Environment, run: Run | None) -> None:
    """Make this the run that the environment's users belong to; None: this process cannot take part."""
    setattr(environment, _ATTRIBUTE, run)


def run_of(environment: Environment) -> Run | None:
    """The run that an environment's users belong to; None on a worker that cannot take part, and has said why.

    Raises:
        HarnessError: The locustfile did not install the harness.
    """
    try:
        run: Run | None = getattr(environment, _ATTRIBUTE)
    except AttributeError:
        raise HarnessError(
            "the locustfile did not install the harness", "Call install(locust.events) at the top of it."
        ) from None
    return run
