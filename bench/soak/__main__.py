"""Hundreds of users whose tokens live for five minutes, while everything goes wrong in turn.

    .venv/bin/python -m bench.soak                            20 minutes; writes results/soak-<machine>.md
    .venv/bin/python -m bench.soak --time 60m                 an hour; writes results/soak-60m-<machine>.md
    .venv/bin/python -m bench.soak --time 60m --processes 2   with a master and two workers; only prints
    .venv/bin/python -m bench.soak --time 3m --life 30        only prints

One `locust` process, headless, against a sandbox in a process of its own, whose faults come one after the other with
calm in between. Each user asks the API every four seconds who it is. The exit code is 0 when everything held.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench import machine
from bench.canned import ACCOUNTS
from bench.child import Child
from bench.contest import Venue
from bench.locust_peer import locust
from bench.peers.cognito_load import OPTIONS
from bench.soak.checks import BINS_IN_LIFE, LOOKS_IN_BIN, MEGABYTE, Check, Soak, judged
from bench.soak.rotation import Turn, spells, timetable
from bench.soak.watch import CALL, LOGIN, Control, Look, watch
from bench.works.sandbox import site_of, started
from harness.settings import units

RESULTS = Path(__file__).parents[1] / "results"
TIME_S, LIFE_S, USERS = 1200.0, 300, 500
WRITTEN_FROM_S = TIME_S
"""A shorter one is a try-out, and leaves the results as they are."""
SPAWNED_PER_S = 50
QUOTA = 120
"""Logins a second that the sandbox lets through, as Amazon does."""
MOST_NAMES = 3
"""Of faults in one minute of the table."""
VERDICTS = {True: "held", False: "**failed**", None: "not judged"}


def main() -> int:
    """Soak; 0 when everything held that could be judged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", type=duration, default=TIME_S, metavar="TIME", help="90s, 5m, 1h; default: 20m")
    parser.add_argument("--users", type=int, default=USERS, help=f"{ACCOUNTS} at most; default: %(default)s")
    parser.add_argument("--life", type=int, default=LIFE_S, help="of a token, in seconds; default: %(default)s")
    parser.add_argument("--processes", type=int, default=0, help="workers; default: none, one process does it all")
    options = parser.parse_args()
    if options.time < 2 * options.life:
        parser.error(f"--time {options.time:g}s is too short: give two lives of a token ({options.life} s) or more")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended, too
    facts = machine.describe()
    with tempfile.TemporaryDirectory(prefix="cognito-load-soak-") as folder:
        soak = soaked(Path(folder), options.users, options.time, options.life, options.processes)
    checks = judged(soak)
    text = document(soak, checks, facts)
    print(text)
    is_usual = (options.users, options.life, options.processes) == (USERS, LIFE_S, 0)
    if is_usual and options.time >= WRITTEN_FROM_S:
        part = "" if options.time == TIME_S else f"{options.time / 60:.0f}m-"
        (RESULTS / f"soak-{part}{machine.slug()}.md").write_text(text, encoding="utf-8")
    return int(any(check.holds is False for check in checks))


def duration(text: str) -> float:
    """How long, in seconds.

    Raises:
        argparse.ArgumentTypeError: It is no duration.
    """
    found = units.seconds(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration, such as 90s, 5m or 1h")
    return found


def soaked(folder: Path, users: int, seconds: float, life_s: int, processes: int) -> Soak:
    """One soak, from its first user to its last."""
    venue = Venue(folder, None, None)
    turns = timetable(spells(_account(users - 1)), seconds, life_s)
    with started(venue, "--access-token-life", f"{life_s}s", "--quota", str(QUOTA)) as (sandbox, ready):
        site = replace(site_of(ready, folder / "users"), clients=users)
        command = [
            *locust("api_soak.py", *OPTIONS)(site),
            *("--spawn-rate", str(SPAWNED_PER_S), "--report", "no"),
            *(("--processes", str(processes)) if processes else ()),
        ]
        control = Control(ready)
        child = Child(command, core=None, folder=site.folder, environment=site.variables())
        try:
            looks = list(watch(child, sandbox, control, turns, seconds, life_s / BINS_IN_LIFE / LOOKS_IN_BIN, say))
        finally:
            code = child.end()
        if code < 0:
            raise RuntimeError(f"it did not end when it was asked to: {child.last_words}")
        counts = control.counts()["answered"]
    summary = json.loads((site.folder / "results/latest/summary.json").read_text())
    return Soak(
        users=users,
        life_s=life_s,
        turns=turns,
        looks=looks,
        answered=counts,
        users_at_the_end=sum(map(int, (site.folder / "users-at-the-end.txt").read_text().split())),
        summary=summary,
    )


def say(line: str) -> None:
    """Tell whoever watches; the table alone goes to standard output."""
    print(line, file=sys.stderr, flush=True)


def document(soak: Soak, checks: Sequence[Check], facts: Mapping[str, str]) -> str:
    """What came out, for people."""
    bad = sum(check.holds is False for check in checks)
    last = soak.looks[-1]
    still = f" The machine stood still for {last.still_s:.0f} s, which are left out." if last.still_s else ""
    intro = (
        f"Made by `make soak SOAK={last.at_s / 60:.0f}m`: {soak.users} users with tokens of {soak.life_s:g} s, "
        f"{QUOTA} logins a second let through; every kind of fault of the sandbox in turn, most of them for 30 % of "
        f"all requests, of Cognito's and of the API's: briefly in the first life of the tokens, longer after it.{still}"
    )
    resident = " | ".join(f"MB of {process}" for process in last.rss_bytes)
    lines = [
        "# A soak",
        "",
        intro,
        "",
        *(f"- {name}: {fact}" for name, fact in facts.items() if name != "Canned answers"),
        "",
        "| what | asked | found | |",
        "| --- | ---: | ---: | --- |",
        *(f"| {check.what} | {check.asked} | {check.found} | {VERDICTS[check.holds]} |" for check in checks),
        "",
        f"Verdict: {bad} of {len(checks)} failed." if bad else "Verdict: everything held that could be judged.",
        "",
        "By minute, as the sandbox counted; what is not good was spoiled on purpose, refused, or throttled:",
        "",
        f"| minute | what goes wrong | {resident} | of a core | requests, good | others | logins, good | others |",
        f"| ---: | --- |{' ---: |' * (len(last.rss_bytes) + 5)}",
        *minutes(soak.looks, soak.turns),
        "",
    ]
    return "\n".join(lines)


def minutes(looks: Sequence[Look], turns: Sequence[Turn]) -> list[str]:
    """A row for each minute."""
    rows = []
    for minute in range(round(looks[-1].at_s / 60)):
        begin, end = (min(looks, key=lambda look: abs(look.at_s - at_s)) for at_s in (minute * 60, minute * 60 + 60))
        wrong = [turn.spell.name for turn in turns if turn.begin_s < minute * 60 + 60 and minute * 60 < turn.end_s]
        figures = [
            *(f"{rss / MEGABYTE:.1f}" for rss in end.rss_bytes.values()),
            f"{(end.cpu_s - begin.cpu_s) / max(1.0, end.at_s - begin.at_s):.0%}",
            *(
                f"{count(end) - count(begin):,}"
                for name in (CALL, LOGIN)
                for count in (lambda look, name=name: look.ok(name), lambda look, name=name: look.others(name))
            ),
        ]
        named = ", ".join(wrong) if len(wrong) <= MOST_NAMES else f"{len(wrong)} kinds, briefly"
        rows.append(f"| {minute + 1} | {named} | {' | '.join(figures)} |")
    return rows


def _account(number: int) -> str:
    return f"bench-{number:04d}@example.com"


if __name__ == "__main__":
    sys.exit(main())
