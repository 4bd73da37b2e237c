"""Both tokens' claims, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.answer import TIMES, claims_of, printable, readable
from harness.cognito.tokens import Tokens

_UNITS_S: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def decode(tokens: Tokens, console: Console, now_s: float) -> None:
    """Print a table of the claims of the access token and of the id token, times as people write them.

    Args:
        tokens: What a login brought.
        console: Where to; it knows the width, and whether colours are wanted.
        now_s: Seconds since the epoch.
    """
    access, own = claims_of(tokens.access_token) or {}, claims_of(tokens.id_token) or {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("claim", no_wrap=console.width >= 60)  # noqa: PLR2004  # columns below which everything is folded
    table.add_column("access token", overflow="fold")
    table.add_column("id token", overflow="fold")
    for name in dict.fromkeys((*access, *own)):
        is_same = name in access and access.get(name) == own.get(name)
        style = "dim" if is_same else ""
        table.add_row(
            Text(printable(name), style),
            *(Text(_shown(name, said, now_s), style) for said in (access, own)),
        )
    console.print(table)


def _shown(name: str, said: Mapping[str, Any], now_s: float) -> str:
    if name not in said:
        return "-"
    value = said[name]
    if name not in TIMES or isinstance(value, bool) or not isinstance(value, int | float):
        return printable(readable(name, value))
    when = readable(name, value).partition(" = ")[2] or str(value)
    return f"{when} ({_away(value - now_s)})"


def _away(seconds: float) -> str:
    unit, size = next(((unit, size) for unit, size in _UNITS_S if abs(seconds) >= size), _UNITS_S[-1])
    told = f"{abs(seconds) / size:.0f} {unit}"
    return f"in {told}" if seconds > 0 else f"{told} ago"
