"""What is looked at before a run: settings, Locust's options, accounts, and whether the sandbox is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from locust.env import Environment

from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError, Problem
from harness.load.plan import load_model, locust_options, sandbox_process
from harness.load.run.setup import (
    Setup,
    answers_of,
    asked_for,
    assemble,
    check_results_dir,
    read_settings,
    too_few_rows,
)
from harness.load.users import CognitoApiUser
from harness.settings import Settings


class Inspection:
    """Finds all faults at once, and keeps the set-up that it has made for it.

    Args:
        environment: Locust's; an open load, a sweep and the sandbox are written into it.
        data_set: How to read the users file.
        processes: How many processes run users.
    """

    def __init__(self, environment: Environment, data_set: CsvDataSet, processes: Callable[[], int]) -> None:
        self._environment = environment
        self._data_set = data_set
        self._processes = processes
        self._checked: Setup | None = None
        self._own_shape = environment.shape_class
        """The locustfile's, if it has one."""

    @property
    def _options(self) -> dict[str, Any]:
        return vars(self._environment.parsed_options)

    def start_sandbox_if_meant(self) -> sandbox_process.Sandbox | None:
        """See `sandbox_process.start_if_meant`.

        Raises:
            ConfigurationError: With what else is known to be wrong.
        """
        environment = self._environment
        hosts = {"--host": environment.host or ""}
        if not environment.host:
            hosts |= {f"the host of {each.__name__}": each.host or "" for each in environment.user_classes}
        try:
            sandbox = sandbox_process.start_if_meant(self._options, self._data_set, hosts)
        except ConfigurationError as error:
            _, more = self._besides(read_settings(self._options), {})
            raise ConfigurationError([*error.problems, *more]) from error
        if sandbox is not None:
            environment.host = sandbox.api
        return sandbox

    def problems(self, changes: Mapping[str, str]) -> list[Problem]:
        """What would be wrong with a run with these changes to the options: a web form's values, or none."""
        environment = self._environment
        settings = read_settings({**self._options, **changes})
        users, found = self._besides(settings, changes)
        host = str(changes.get("host", environment.host or ""))
        found += [
            Problem(f"{user_class.__name__} has no API to call", "Set --host to the API's base URL.")
            for user_class in self._api_classes()
            if not (host or user_class.host)
        ]
        try:
            setup = assemble(settings, self._data_set, answers_of(environment))
        except ConfigurationError as error:
            return [*error.problems, *found]
        if users and settings.on_exhausted == "stop" and ("user_count" in changes or self._begins_at_once()):
            found += too_few_rows(setup.users, self.planned_rows(settings, users))
        self._checked = setup
        found += load_model.problems_of(settings, environment)
        if not found:
            load_model.apply(settings, environment, self._options, self._own_shape)
        return found

    def setup(self, settings: Settings) -> Setup:
        """What `problems` has just made of the same settings: keys and CAs take half a second to read.

        Raises:
            ConfigurationError: With every fault.
        """
        checked, self._checked = self._checked, None
        if checked is not None and asked_for(checked.settings) == asked_for(settings):
            return replace(checked, settings=settings)
        return assemble(settings, self._data_set, answers_of(self._environment))

    def planned_rows(self, settings: Settings, users: int) -> int:
        """How many of so many users will need a row each: the API users, which Locust's own dispatcher is asked for."""
        if not users or not self._api_classes() or settings.is_machine:
            return 0
        (planned,) = load_model.planned(self._environment, users, processes=1)
        return sum(planned[user_class.__name__] for user_class in self._api_classes())

    def _besides(self, settings: Settings, changes: Mapping[str, str]) -> tuple[int | None, list[Problem]]:
        """How many users are asked for, if that is known, and what is wrong besides what `assemble` finds."""
        users, found = locust_options.users_of(self._options, changes, self._processes())
        found += locust_options.problems_of(settings, self._environment, self._options, changes, self._own_shape)
        found += check_results_dir(settings.results_dir)
        for user_class in self._api_classes():
            found += user_class.problems()
        return users, found

    def _begins_at_once(self) -> bool:
        return self._environment.shape_class is None and bool(self._options["headless"] or self._options["autostart"])

    def _api_classes(self) -> list[type[CognitoApiUser]]:
        return [each for each in self._environment.user_classes if issubclass(each, CognitoApiUser)]
