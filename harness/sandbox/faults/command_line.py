"""A fault as the command line writes it: `throttle --share 20% --for 10s`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from harness.sandbox.argument_types import duration_s
from harness.sandbox.faults.orders import MEANINGS, Kind, Order

_TEXTS = {"on": "AREA", "type": "NAME", "message": "TEXT", "user": "NAME"}
_HELP = {
    "on": "cognito (default), api, jwks, all, or one operation or route: InitiateAuth, 'GET /orders'",
    "type": "refusal: the error's type, ForbiddenException",
    "message": "refusal: its text",
    "user": "revoke, disable, enable: whom",
}


def add_fault_options(parser: argparse.ArgumentParser) -> None:
    """Teach a parser everything about a fault but its name."""
    add = parser.add_argument
    add("time_s", nargs="?", type=signed_duration_s, metavar="TIME", help="3s, 500ms, 2m: of the kinds that take one")
    add("--share", type=share, metavar="20%", help="of the requests, drawn for each; default: all")
    add("--for", dest="for_s", type=duration_s, metavar="10s", help="how long; default: until `clear`")
    add("--times", type=int, metavar="N", help="how often at most")
    for name, metavar in _TEXTS.items():
        add(f"--{name}", metavar=metavar, help=_HELP[name])
    add("--spread", dest="spread_s", type=duration_s, metavar="50ms", help="latency: a normal one's standard deviation")
    add("--p99", dest="p99_s", type=duration_s, metavar="2s", help="latency: a long-tailed one's 99th percentile")
    add("--status", type=int, metavar="N", help="html, refusal: the HTTP status")
    add("--by", type=int, metavar="N", help="wrong-length: bytes too many, or too few (--by=-10)")


def kinds_for_people() -> str:
    """Every kind and what it means, one a line."""
    return "\n".join(f"  {kind.value:<16}{meaning}" for kind, meaning in MEANINGS.items())


def wanted_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The order as a JSON object, of what a parser with these options has read."""
    names = ("time_s", "share", "for_s", "times", *_TEXTS, "spread_s", "p99_s", "status", "by")
    values = {name: getattr(arguments, name) for name in names}
    return {"fault": arguments.fault, **{name: value for name, value in values.items() if value is not None}}


def order_of(line: str) -> Order:
    """The order that one line of text makes, as an option of the sandbox holds it.

    Raises:
        argparse.ArgumentTypeError: It makes none; the text says why.
    """
    parser = _Parser(prog="--fault", add_help=False)
    parser.add_argument("fault", choices=[kind.value for kind in Kind], metavar="KIND")
    add_fault_options(parser)
    try:
        return Order.read(wanted_of(parser.parse_args(protect_negative(shlex.split(line)))))
    except (ValueError, argparse.ArgumentError) as error:
        raise argparse.ArgumentTypeError(f"{line!r}: {error}") from None


def protect_negative(arguments: Sequence[str]) -> list[str]:
    """Arguments in which a negative time (`-10m`) is none of the options, which it looks like."""
    negative = [argument for argument in arguments if _is_negative(argument)]
    return [argument for argument in arguments if argument not in negative] + (["--", *negative] if negative else [])


def share(text: str) -> float:
    """A share of 1, of `20%` or `0.2`."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; write 20% or 0.2")
    return value


def signed_duration_s(text: str) -> float:
    """Seconds, of `3s`, `500ms` or `-10m`."""
    return -duration_s(text[1:]) if text.startswith("-") else duration_s(text)


def _is_negative(argument: str) -> bool:
    return argument[:1] == "-" and argument[1:2].isdigit()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)
