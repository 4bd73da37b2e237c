"""What SRP logins do to others in their process: stalls of the event loop, and the latency of password logins beside.

Fifty users log in by SRP without a pause, which takes all of a core; a few log in by password at a steady pace. Both
against servers that cost next to nothing, so that what is late is the client. Rounds with the SRP users alternate with
rounds without.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import gevent

from bench import servers
from bench.canned import CLIENT_ID, REGION
from bench.contest import Venue
from bench.servers import challenger
from harness.cognito.flows import FLOWS, Account, AppClient
from harness.conversation import Cognito, Conversation, CutOff
from harness.evidence.figures.sample import Sample
from harness.extract import JsonExtractor
from harness.load.run.srp_thread import SrpThread
from harness.outcome import Reason
from harness.transport import Endpoint

SRP_USERS, PASSWORD_USERS, PAUSE_S = 50, 5, 0.01
ROUND_S, WARM_UP_S = 1.0, 0.3
LOOK_S = 0.001
LONGEST_STALL_MS, MOST_LATER_MS = 10.0, 1.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one round showed, in milliseconds."""

    p99_ms: float
    """Of password logins."""
    late_p99_ms: float
    """How late the event loop was, at the 99th percentile of its looks."""
    stall_ms: float
    """How late it was at worst."""


@dataclass(slots=True)
class Beside:
    """What was found, by round: each of the one kind has its neighbour of the other."""

    alone: list[Round] = field(default_factory=list)
    beside: list[Round] = field(default_factory=list)
    srp_logins: int = 0

    @property
    def is_met(self) -> bool:
        """Whether both targets are."""
        return self._later_ms <= MOST_LATER_MS and self._stall_ms <= LONGEST_STALL_MS

    def report(self) -> list[str]:
        """For the result file."""
        rate = self.srp_logins / (len(self.beside) * (WARM_UP_S + ROUND_S))
        method = (
            f"{SRP_USERS} users log in by SRP without a pause ({rate:.0f} logins a second, more than one core's work) "
            f"against a server that checks nothing; {PASSWORD_USERS} others by password, each {PAUSE_S * 1000:.0f} ms "
            f"after its last. {len(self.beside)} rounds of {ROUND_S:g} s with the SRP users and as many without, in "
            "turn: what the second show is the machine's own doing."
        )
        return [
            f"## Beside {SRP_USERS} SRP logins at a time",
            "",
            method,
            "",
            "| medians of the rounds, ms | alone | beside |",
            "| --- | ---: | ---: |",
            self._row("password login, p99", "p99_ms"),
            self._row("event loop late by, p99", "late_p99_ms"),
            self._row("event loop's longest stall", "stall_ms"),
            f"| the longest of all rounds | {_longest_ms(self.alone):.2f} | {_longest_ms(self.beside):.2f} |",
            "",
            f"The p99 of password logins may be {MOST_LATER_MS:g} ms worse beside: it is by {self._later_ms:+.2f} ms, "
            + _verdict(self._later_ms <= MOST_LATER_MS),
            "",
            f"The event loop's longest stall in the median round may be {LONGEST_STALL_MS:g} ms: "
            + _verdict(self._stall_ms <= LONGEST_STALL_MS),
            "",
        ]

    @property
    def _later_ms(self) -> float:
        return median(one.p99_ms - other.p99_ms for one, other in zip(self.beside, self.alone, strict=True))

    @property
    def _stall_ms(self) -> float:
        return median(one.stall_ms for one in self.beside)

    def _row(self, name: str, figure: str) -> str:
        cells = (f"{median(getattr(one, figure) for one in rounds):.2f}" for rounds in (self.alone, self.beside))
        return f"| {name} | {' | '.join(cells)} |"


class _Witness:
    """Keeps how long exchanges took, in milliseconds."""

    def __init__(self) -> None:
        self.took_ms: list[float] = []

    def sample(self, sample: Sample, /) -> None:
        """See Witness."""
        if sample.kind == "exchange":
            self.took_ms.append(sample.elapsed_us / 1000)

    def cut_off(self, cut_off: CutOff, /) -> None:
        """See Witness."""


def measure(venue: Venue, rounds: int) -> Beside:
    """Both kinds of rounds, in turn."""
    found, srp_thread = Beside(), SrpThread()
    with servers.canned(venue) as canned, challenger.start(venue) as asking:
        by_password = _Users(canned.endpoint, "USER_PASSWORD_AUTH", PASSWORD_USERS, PAUSE_S, srp_thread)
        by_srp = _Users(asking.endpoint, "USER_SRP_AUTH", SRP_USERS, 0.0, srp_thread)
        for number in range(rounds):
            for with_srp in (True, False) if number % 2 else (False, True):
                if not with_srp:
                    found.alone.append(_round(by_password))
                    continue
                with by_srp.logging_in():
                    gevent.sleep(WARM_UP_S)
                    found.beside.append(_round(by_password))
                found.srp_logins += by_srp.logins
    return found


def _round(by_password: _Users) -> Round:
    late_ms = []
    with by_password.logging_in():
        end_s = time.perf_counter() + ROUND_S
        while (looked_s := time.perf_counter()) < end_s:
            gevent.sleep(LOOK_S)
            late_ms.append((time.perf_counter() - looked_s - LOOK_S) * 1000)
    return Round(_p99(by_password.witness.took_ms), _p99(late_ms), max(late_ms))


def _longest_ms(rounds: list[Round]) -> float:
    return max(one.stall_ms for one in rounds)


def _p99(values: list[float]) -> float:
    return sorted(values)[-1 - len(values) // 100]


class _Users:
    """Some users of one kind."""

    def __init__(self, endpoint: str, flow: str, users: int, pause_s: float, srp_thread: SrpThread) -> None:
        self._cognito = Cognito(Endpoint.parse(endpoint), region=REGION)
        self._flow = FLOWS[flow]
        self._users, self._pause_s = users, pause_s
        self._offload = srp_thread.run
        self._client = AppClient(CLIENT_ID, user_pool_id=f"{REGION}_BenchPool")
        self.witness = _Witness()
        self.logins = 0
        """Since `logging_in`, up to its end."""

    @contextmanager
    def logging_in(self) -> Iterator[None]:
        """They do so meanwhile."""
        self.witness.took_ms.clear()
        self.logins = 0
        users = [gevent.spawn(self._log_in_again_and_again) for _ in range(self._users)]
        try:
            yield
        finally:
            gevent.killall(users)

    def _log_in_again_and_again(self) -> None:
        conversation = Conversation(self._cognito, self.witness, offload=self._offload)
        read_token: Callable[..., str] = JsonExtractor.token("$.AuthenticationResult.AccessToken").from_document
        account = Account("bench-user", "Bench-Pass-0001!")
        try:
            while True:
                conversation.run(self._flow(self._client, account, read_token), Reason.INITIAL)
                self.logins += 1
                gevent.sleep(self._pause_s)
        finally:
            conversation.close()


def _verdict(is_met: bool) -> str:  # noqa: FBT001  # a claim, and nothing else
    return "met" if is_met else "**missed**"
