"""What a run is going to load, as its settings and Locust's host say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from locust import HttpUser
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from harness.errors import ConfigurationError, Problem
from harness.evidence.target import Target
from harness.load.ending.signals import say_line
from harness.load.run.setup import Setup
from harness.settings.url import without_user
from harness.transport import Endpoint


def target_of(setup: Setup, environment: Environment) -> Target:
    """The target of a run with this set-up."""
    settings, endpoint = setup.settings, setup.endpoint
    return Target(
        kind="sandbox" if settings.is_sandbox else "domain" if settings.is_machine else "endpoint",
        url=without_user(settings.given_url) or f"{endpoint.scheme}://{endpoint.authority}",
        user_pool_id=settings.user_pool_id,
        region=settings.region,
        apis=tuple(dict.fromkeys(without_user(url) for _, url in hosts(environment, environment.host or "") if url)),
    )


def tell(target: Target, options: Mapping[str, object]) -> None:
    """Headless, print the line with which a run begins."""
    if options.get("headless") and not options.get("quiet"):
        say_line(f"Target: {target.sentence}")


def hosts(environment: Environment, host: str) -> Iterator[tuple[str, str]]:
    """Where each base URL is written, and the URL: Locust's host, which goes before those of the user classes.

    Args:
        environment: Whose user classes are looked at: those that speak HTTP, since others may mean anything by a host.
        host: Of --host, or of the web UI's form; empty when none is given.
    """
    classes = [each for each in environment.user_classes if issubclass(each, (HttpUser, FastHttpUser))]
    if host:
        yield from [("--host", host)] if classes else []
    else:
        yield from ((f"the host of {each.__name__}", each.host or "") for each in classes)


def host_problems(found: Mapping[str, str]) -> list[Problem]:
    """What is wrong with base URLs of an API, by where each is written."""
    problems = []
    for place, url in found.items():
        try:
            if url:
                Endpoint.parse(without_user(url))
        except ConfigurationError as error:
            meant = without_user(url).lstrip("/") if "://" not in url else "api.example.com"
            hint = f"Give the API's base URL, such as http{'' if _is_local(meant) else 's'}://{meant}."
            problems += [Problem(f"{place}: {problem.message}", hint) for problem in error.problems]
    return problems


def _is_local(url: str) -> bool:
    return url.startswith(("127.", "localhost"))
