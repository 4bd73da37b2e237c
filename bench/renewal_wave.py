"""Do the renewals of many sessions come in waves? A simulation on the real TokenSession, without sockets.

    .venv/bin/python -m bench.renewal_wave                      a million sessions over six hours, some minutes
    .venv/bin/python -m bench.renewal_wave --sessions 20000

Sessions begin evenly over ten minutes, their tokens live for an hour, and each is asked for its token whenever it has
to be renewed. Counted are renewals in each ten seconds; peak over mean of each hour is what a pool's quota feels. With
the default spread it must be 1.3 at most in the third hour. The exit code is 0 when it is. Also measured: what
`TokenSession.token()` costs while the token is valid, 1 µs at most. With a million sessions the first three hours are
drawn into docs/images.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from statistics import mean, median

from bench import machine, plot
from harness.cognito.tokens import Tokens
from harness.session import SPREAD_SHARE, Penalty, Renewal, SharedTokens, TokenSession

RESULTS = Path(__file__).parent / "results"
IMAGE = Path(__file__).parents[1] / "docs/images/renewals.svg"
SESSIONS = 1_000_000
PLOTTED_HOURS, PLOTTED_S = 3, 60
LIFE_S, BEGIN_S, HOURS, HOUR_S = 3_600, 600, 6, 3_600
BIN_S = 10
MOST_WAVE, MOST_US = 1.3, 1.0
TOKENS = Tokens("access", "id", "refresh", "Bearer", LIFE_S)
NOTHING = nullcontext()


class World:
    """The clock that all sessions share, and what they ask for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.renewals: Counter[int] = Counter()

    def log_in(self, _: object) -> Tokens:
        """A new token."""
        return TOKENS

    def refresh(self, _: Tokens) -> Tokens:
        """Another one, counted."""
        self.renewals[int(self.now_s // BIN_S)] += 1
        return TOKENS


def main() -> int:
    """Simulate; 0 when renewals are even enough and a valid token is cheap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    options = parser.parse_args()
    renewals = {spread: simulate(options.sessions, spread) for spread in (0.0, 0.25, SPREAD_SHARE)}
    waves = {spread: [wave(counted, hour) for hour in range(HOURS)] for spread, counted in renewals.items()}
    cost_us = valid_token_us()
    is_even = waves[SPREAD_SHARE][2] <= MOST_WAVE
    heads = " | ".join(f"hour {hour}" for hour in range(2, HOURS + 1))
    lines = [
        "# Renewals of many sessions",
        "",
        "Made by `python -m bench.renewal_wave`.",
        "",
        *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
        f"- {options.sessions:,} sessions that begin within {BEGIN_S} s, tokens of {LIFE_S} s",
        "",
        f"Peak over mean of the renewals in {BIN_S} s:",
        "",
        f"| spread | {heads} |",
        "| --- | " + " | ".join(["---:"] * (HOURS - 1)) + " |",
        *(
            f"| {spread:.0%} | {' | '.join(f'{wave:.2f}' for wave in per_hour[1:])} |"
            for spread, per_hour in waves.items()
        ),
        "",
        f"- The default, {SPREAD_SHARE:.0%}, in the third hour: {waves[SPREAD_SHARE][2]:.2f}, at most {MOST_WAVE}: "
        + ("met" if is_even else "**missed**"),
        f"- `TokenSession.token()` on a valid token: {cost_us:.2f} µs, at most {MOST_US:g}: "
        + ("met" if cost_us <= MOST_US else "**missed**"),
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if options.sessions == SESSIONS:
        (RESULTS / f"renewal-wave-{machine.slug()}.md").write_text(text)
        IMAGE.write_text(drawn(renewals, options.sessions), encoding="utf-8")
    return 0 if is_even and cost_us <= MOST_US else 1


def simulate(count: int, spread: float) -> Counter[int]:
    """The renewals in each bin."""
    draw, world = random.Random(1), World()  # noqa: S311  # no secret
    renewal = Renewal(spread_share=spread, random=draw.random)
    events = []
    for number in range(count):
        session = session_of(world, renewal, draw)
        world.now_s = BEGIN_S * number / count
        session.token()
        events.append((session._held.renew_at_s, number, session))  # noqa: SLF001  # asking each second would take days
    heapq.heapify(events)
    while events[0][0] < HOURS * HOUR_S:
        due_s, number, session = events[0]
        world.now_s = due_s
        session.token()
        heapq.heapreplace(events, (session._held.renew_at_s, number, session))  # noqa: SLF001  # the same
    return world.renewals


def session_of(world: World, renewal: Renewal, draw: random.Random) -> TokenSession:
    """One account's session."""
    return TokenSession(
        world.log_in,
        world.refresh,
        Penalty(draw.random),
        now=lambda: world.now_s,
        wait=lambda _: None,
        held=SharedTokens(NOTHING),
        report=lambda _: None,
        renewal=renewal,
    )


def wave(renewals: Counter[int], hour: int) -> float:
    """Peak over mean in one hour; 0 without a renewal."""
    per_bin = [renewals[number] for number in range(hour * HOUR_S // BIN_S, (hour + 1) * HOUR_S // BIN_S)]
    return max(per_bin) / mean(per_bin) if any(per_bin) else 0.0


def drawn(renewals: Mapping[float, Counter[int]], sessions: int) -> str:
    """The first hours, with the default spread and without one."""
    names = {0.0: "without a spread", SPREAD_SHARE: f"spread over {SPREAD_SHARE:.0%}"}
    lines, peaks = [], []
    for spread, name in names.items():
        per_s = [
            sum(renewals[spread][(start_s + offset_s) // BIN_S] for offset_s in range(0, PLOTTED_S, BIN_S)) / PLOTTED_S
            for start_s in range(0, PLOTTED_HOURS * HOUR_S, PLOTTED_S)
        ]
        points = [((number + 0.5) * PLOTTED_S, value) for number, value in enumerate(per_s)]
        last_hour = per_s[-HOUR_S // PLOTTED_S :]
        peaks.append(f"{max(last_hour):,.0f} {name}")
        lines.append(plot.Line(name, points, max(last_hour) if spread == 0 else mean(last_hour)))
    return plot.svg(
        f"Renewals of {sessions:,} sessions that began within ten minutes",
        f"Tokens of an hour. Peaks of renewals per second in the third hour: {' and '.join(peaks)}.",
        "renewals per second",
        lines,
        [(hour * HOUR_S, f"{hour} h") for hour in range(PLOTTED_HOURS + 1)],
    )


def valid_token_us() -> float:
    """What a valid token costs, in microseconds of processor time."""
    session = TokenSession(
        World().log_in,
        World().refresh,
        Penalty(lambda: 0.0),
        now=time.monotonic,
        wait=time.sleep,
        held=SharedTokens(NOTHING),
        report=print,
    )
    session.token()
    rounds = []
    for _ in range(9):
        started_s = time.process_time()
        for _ in range(100_000):
            session.token()
        rounds.append((time.process_time() - started_s) * 10)
    return median(rounds)


if __name__ == "__main__":
    sys.exit(main())
