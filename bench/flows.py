"""What a login by each flow costs the client, beyond SRP's arithmetic: an exchange of any may cost 1.3 of a password's.

    .venv/bin/python -m bench.flows                    about two minutes
    .venv/bin/python -m bench.flows --rounds 3

One user logs in by one flow after the other, in rounds of a quarter of a second each, through everything that a run
does with a login (samples, histograms, Locust's event) against the sandbox, which has the other core. Measured is the
processor time of the thread that runs the users; the arithmetic has a thread of its own, which "all" counts in.

Arithmetic also drives everything else out of the processor's caches, so that whatever comes after it is slower. To tell
that from what SRP's exchanges do themselves, they are held against password logins with the same arithmetic after every
other one, on such a thread; handing it over is measured there and left out. Then `beside` measures what SRP logins do
to others in their process. The exit code is 0 when all targets are met.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from locust.event import Events

from bench import beside, machine
from bench.canned import ACCOUNTS
from bench.contest import Venue
from bench.servers import challenger
from bench.works.sandbox import started
from harness.cognito import srp
from harness.cognito.flows.refreshing import Refreshing
from harness.cognito.parties import Asked
from harness.cognito.tokens import Tokens
from harness.conversation import Conversation
from harness.credentials import CsvDataSet
from harness.load.leases import LeaseTable, LocalRows
from harness.load.run.run import Run
from harness.load.run.setup import assemble
from harness.load.run.srp_thread import SrpThread
from harness.outcome import Reason
from harness.settings import Settings

RESULTS = Path(__file__).parent / "results"
ROUND_S, WARM_UP_S, MOST = 0.25, 0.05, 1.3
MOST_SRP_MS = 2.5
BESIDE_ROUNDS = 12
PASSWORD = "USER_PASSWORD_AUTH"  # noqa: S105  # a flow
SRP = "USER_SRP_AUTH"
AFTER_ARITHMETIC = f"{PASSWORD}, SRP's arithmetic between"
ARITHMETICAL = frozenset({SRP, "USER_AUTH, PASSWORD_SRP"})
SIGNED = {"sign": "auto"}
FLOWS: Mapping[str, Mapping[str, str]] = {
    PASSWORD: {},
    "USER_PASSWORD_AUTH, signed": SIGNED,
    "ADMIN_USER_PASSWORD_AUTH": {"flow": "ADMIN_USER_PASSWORD_AUTH", **SIGNED},
    SRP: {"flow": SRP},
    "USER_AUTH, PASSWORD": {"flow": "USER_AUTH", "first_factor": "PASSWORD"},
    "USER_AUTH, PASSWORD_SRP": {"flow": "USER_AUTH", "first_factor": "PASSWORD_SRP"},
    "CUSTOM_AUTH": {"flow": "CUSTOM_AUTH"},
    "client_credentials": {"flow": "client_credentials"},
    "REFRESH_TOKEN_AUTH": {"refresh": "initiate-auth"},
    "GetTokensFromRefreshToken": {"refresh": "get-tokens"},
}
"""What is compared, and the settings that it differs by."""


@dataclass(slots=True)
class Contender:
    """A flow, ready to log in as often as one likes."""

    name: str
    run: Run
    log_in: Callable[[], Tokens]
    own_us: list[float] = field(default_factory=list)
    """Microseconds of the users' thread for an exchange, by round."""
    all_us: list[float] = field(default_factory=list)
    """The same of the whole process, for a login."""
    exchanges: float = 0.0
    between: Callable[[], None] | None = None
    """What is done after every other login, as once in SRP's two exchanges, and is no part of them."""
    _between_s: float = 0.0

    def turn(self) -> None:
        """One round."""
        self._until(time.perf_counter() + WARM_UP_S)
        self.run.drain()
        self._between_s = 0.0
        own_s, all_s = time.thread_time(), time.process_time()
        logins = self._until(time.perf_counter() + ROUND_S)
        own_s, all_s = time.thread_time() - own_s - self._between_s, time.process_time() - all_s
        exchanges, _ = self.run.drain().counted("exchange")
        self.exchanges = exchanges / logins
        self.own_us.append(own_s / exchanges * 1e6)
        self.all_us.append(all_s / logins * 1e6)

    def _until(self, end_s: float) -> int:
        logins = 0
        while time.perf_counter() < end_s:
            self.log_in()
            logins += 1
            if self.between is not None and logins % 2:
                began_s = time.thread_time()
                self.between()
                self._between_s += time.thread_time() - began_s
        return logins


def main() -> int:
    """Measure; 0 when every flow's exchange costs no more than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    facts = machine.describe()
    client_core, server_core = machine.cores()
    if client_core is not None:
        os.sched_setaffinity(0, {client_core})
    with (
        TemporaryDirectory() as folder,
        started(Venue(Path(folder), client_core, server_core), "--scopes", "api/read") as (
            _,
            ready,
        ),
    ):
        contenders = [contender(name, given, ready) for name, given in FLOWS.items()]
        after = contender(AFTER_ARITHMETIC, {}, ready)
        reckoner = SrpThread()
        after.between = lambda: reckoner.run(arithmetic)
        contenders.insert(1, after)
        for number in range(rounds):
            for one in contenders if number % 2 else reversed(contenders):
                one.turn()
    with TemporaryDirectory() as folder:
        others = beside.measure(Venue(Path(folder), client_core, server_core), min(rounds, BESIDE_ROUNDS))
    lines, is_met = report(contenders, rounds, facts)
    text = "\n".join([*lines, *others.report()])
    print(text)
    (RESULTS / f"flows-{machine.slug()}.md").write_text(text)
    return 0 if is_met and others.is_met else 1


def arithmetic() -> None:
    """What a login by SRP reckons."""
    question = srp.Question.read("bench-user", challenger.SALT_HEX, challenger.PUBLIC_HEX, "AAAA")
    srp.Exchange("BenchPool").prove(question, "Bench-Pass-0001!", time.time())


def contender(name: str, given: Mapping[str, str], ready: Mapping[str, str]) -> Contender:
    """One flow with a run of its own."""
    os.environ.update(AWS_ACCESS_KEY_ID=ready["access_key_id"], AWS_SECRET_ACCESS_KEY=ready["secret_access_key"])
    settings = Settings(
        client_id=ready["client_id"],
        client_secret=ready["client_secret"],
        user_pool_id=ready["user_pool_id"],
        given_endpoint=ready["endpoint"],
        users=ready["users"],
        domain=ready["endpoint"] if "client_credentials" in given.values() else "",
        login_cap="0",
    )
    setup = assemble(
        replace(settings, **{"sign": "never", **given}),
        CsvDataSet("users.csv"),
        {"CUSTOM_CHALLENGE": add},
        judges=False,
    )
    run = Run(setup, Events(), LocalRows(LeaseTable(ACCOUNTS, planned=0, processes=1)), processes=1)
    conversation = run.conversation()
    if "refresh" in given:
        return Contender(name, run, _refreshes(run, conversation, given["refresh"]))
    rows, turns = setup.users.rows, iter(range(1 << 40))
    return Contender(
        name, run, lambda: run.log_in(conversation, rows[next(turns) % len(rows)], Reason.INITIAL, wait=None)
    )


def _refreshes(run: Run, conversation: Conversation, way: str) -> Callable[[], Tokens]:
    setup, row = run.setup, run.setup.users.rows[0]
    tokens = run.log_in(conversation, row, Reason.INITIAL, wait=None)
    refreshing = Refreshing(way, run.report)
    return lambda: conversation.run(
        refreshing.flow(setup.client, row.account.username, tokens, setup.read_token), Reason.REFRESH
    )


def add(asked: Asked) -> str:
    """The answer to the sandbox's custom challenge."""
    one, other = asked.parameters["question"].split(" + ")
    return str(int(one) + int(other))


def report(contenders: list[Contender], rounds: int, facts: Mapping[str, str]) -> tuple[list[str], bool]:
    """The table, and whether all of it is met."""
    by_name = {one.name: one for one in contenders}
    rows, is_met = [], True
    for one in contenders:
        ratio, cold_ratio = (_ratio(one, by_name[name]) for name in (PASSWORD, AFTER_ARITHMETIC))
        judged = cold_ratio if one.name in ARITHMETICAL else ratio
        holds = one.name == AFTER_ARITHMETIC or judged <= MOST
        is_met = is_met and holds
        rows.append(
            f"| {one.name} | {one.exchanges:.0f} | {median(one.all_us) / 1000:.2f} | {median(one.own_us):.0f} | "
            f"{ratio:.2f} | {cold_ratio:.2f} | {'' if holds else '**missed**'} |"
        )
    srp_ms = median(by_name[SRP].all_us) / 1000
    is_met = is_met and srp_ms <= MOST_SRP_MS
    return [
        "# What a login costs by each flow",
        "",
        "Made by `python -m bench.flows`.",
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items() if name != "Canned answers"),
        f"- {rounds} rounds of {ROUND_S:g} s each, medians; the app client has a secret; unsigned unless said",
        "",
        (
            "| flow | exchanges | all of a login, ms | an exchange without arithmetic, µs | "
            "against a password login's | … with SRP's arithmetic between | |"
        ),
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *rows,
        "",
        f"An exchange of any flow may cost {MOST:g} of a password login's, and one of SRP's of a password login's with "
        "the same arithmetic between: " + ("**missed**" if any("missed" in row for row in rows) else "met"),
        "",
        f"A login by SRP may cost {MOST_SRP_MS:g} ms, arithmetic and all: {srp_ms:.2f} ms, "
        + ("met" if srp_ms <= MOST_SRP_MS else "**missed**"),
        "",
    ], is_met


def _ratio(one: Contender, other: Contender) -> float:
    return median(own / base for own, base in zip(one.own_us, other.own_us, strict=True))


if __name__ == "__main__":
    sys.exit(main())
