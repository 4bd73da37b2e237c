"""Every knob of a load test, with its default and unit, and everything that can be wrong with them."""

from harness.settings.knobs import DEFAULT_LOGIN_RATE, KNOBS, Knob
from harness.settings.problems import problems_of
from harness.settings.settings import CLIENT_SECRET_VARIABLE, Settings
from harness.settings.units import seconds

__all__ = ["CLIENT_SECRET_VARIABLE", "DEFAULT_LOGIN_RATE", "KNOBS", "Knob", "Settings", "problems_of", "seconds"]
