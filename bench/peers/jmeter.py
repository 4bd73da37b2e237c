"""JMeter: the tool that the article uses, with its own JSON Extractor; signed by a Groovy script."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from bench.names import JMETER, SIGNED_LOGIN, UNSIGNED_LOGIN
from bench.peer import PLANS, Peer, Site

HOW_TO_GET = "the binary release of jmeter.apache.org, or its Maven artifacts (bench/README.md)"
ENDED_BY_SIGNAL = frozenset({0, 143, -15})
PLAN = "login_jmeter.jmx"
_errors = re.compile(r"summary = +(\d+) in .* Err: +(\d+) ").findall


def _command(*, is_signed: bool) -> Callable[[Site], Sequence[str]]:
    def command(site: Site) -> list[str]:
        site.folder.mkdir(parents=True, exist_ok=True)
        plan = site.folder / PLAN
        plan.write_text((PLANS / PLAN).read_text().replace('"SIGN"', '"true"' if is_signed else '"false"'))
        properties = {
            "users": site.users,
            "clients": site.clients,
            "port": urlsplit(site.endpoint).port,
            "client_id": site.client_id,
            "region": site.region,
            "summariser.interval": 6,
        }
        return ["jmeter", "-n", "-t", str(plan), *(f"-J{name}={value}" for name, value in properties.items())]

    return command


def _failed(site: Site, _counted: int) -> str:
    summaries = _errors((site.folder / "output.txt").read_text(errors="replace"))
    if not summaries:
        return "it printed no summary"
    requests, errors = summaries[-1]
    return f"{errors} of its {requests} requests failed" if int(errors) else ""


PEERS = tuple(
    Peer(
        JMETER,
        work,
        _command(is_signed=is_signed),
        note=note,
        executable="jmeter",
        how_to_get=HOW_TO_GET,
        good_exits=ENDED_BY_SIGNAL,
        faults=_failed,
    )
    for work, is_signed, note in (
        (SIGNED_LOGIN, True, "SigV4 in a compiled and cached Groovy script, the signing key kept; no results file"),
        (UNSIGNED_LOGIN, False, "with its JSON Extractor; no results file"),
    )
)
