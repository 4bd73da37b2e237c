"""`cognito-load options`: the options that a load test adds to Locust's."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from typing import Final

from harness.errors import EXIT
from harness.settings import CLIENT_SECRET_VARIABLE, KNOBS, Knob

WIDTH: Final = 80


def main(argv: Sequence[str], prog: str) -> int:
    """Print each option with its variable, its default and what it is for; the exit code."""
    _parser(prog).parse_args(argv)
    for knob in KNOBS:
        if knob.is_shown:
            sys.stdout.write(_entry(knob))
    return EXIT.PASSED


def _parser(prog: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=prog,
        description="What a load test understands besides Locust's own options (`locust --help`, which Locust prints "
        "before it has read a locustfile, cannot list these).",
        epilog=f"In locust.conf an option stands without its dashes: `cognito-client-id = 1example23456789`. An app "
        f"client's secret is no option: it comes from {CLIENT_SECRET_VARIABLE}. Example: {prog}",
    )


def _entry(knob: Knob) -> str:
    value = "" if knob.is_switch else " TEXT"
    default = f", default: {knob.default}" if knob.default else ""
    says = knob.help + (f" One of: {', '.join(knob.choices)}." if knob.choices and not knob.is_switch else "")
    text = textwrap.fill(says, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return f"{knob.flag}{value}   [{knob.variable}{default}]\n{text}\n"
