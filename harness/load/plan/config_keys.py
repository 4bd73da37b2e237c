"""Keys of Locust's configuration files (~/.locust.conf, locust.conf, pyproject.toml, --config) that mean nothing.

Locust gives each to argparse as if it stood on the command line. There it ends in an error that does not say which file
is meant, or, where its value has a blank, as the name of a user class. Here they become faults like all others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from locust.argument_parser import LocustArgumentParser

from harness.errors import Problem
from harness.settings import KNOBS
from harness.settings.names import nearest

_SOURCE: Final = "config_file|"
"""What configargparse puts before the path of a file that settings come from."""
_KEY: Final = re.compile(r"\s*([^:=;#\[\s]+)")
_NEAR: Final = 0.6
"""difflib's own: an unknown key is a fault in any case, and a guess costs nothing."""
_OURS: Final = frozenset(knob.flag.removeprefix("--") for knob in KNOBS)


class ConfigKeys:
    """What a parser finds in the configuration files.

    Args:
        parser: Locust's, before it parses. From now on it skips unknown keys, and takes a list of gates.
    """

    def __init__(self, parser: LocustArgumentParser) -> None:
        self._parser = parser
        convert = parser.convert_item_to_command_line_arg

        def converted(action: Any, key: str, value: Any) -> list[str]:  # noqa: ANN401  # configargparse's
            if action is None:
                return []
            if action.dest == "gate" and isinstance(value, list):
                return [f"--gate={each}" for each in value]
            arguments: list[str] = convert(action, key, value)
            return arguments

        setattr(parser, convert.__name__, converted)  # of this parser alone

    def problems(self) -> list[Problem]:
        """Unknown keys, and keys of ours that are in a file twice, of which Locust takes the last; after parsing."""
        found: list[Problem] = []
        if not hasattr(self._parser, "_source_to_settings"):
            return found  # a library's use of Locust, which parses nothing
        for source, settings in self._parser.get_source_to_settings_dict().items():
            if source.startswith(_SOURCE):
                path = source.removeprefix(_SOURCE)
                found += [self._unknown(path, key) for key, (action, _) in settings.items() if action is None]
                found += _repeated(path)
        return found

    def _unknown(self, path: str, key: str) -> Problem:
        known = [name.removeprefix("--") for name in self._parser._option_string_actions if name.startswith("--")]  # noqa: SLF001  # argparse has no public list
        plain = key.strip("-").lower().replace("_", "-")
        bare = plain.removeprefix("cognito-").removeprefix("locust-")
        meant = next((name for name in (plain, bare, f"cognito-{bare}") if name in known), "")
        meant = meant or nearest(plain, known, _NEAR) or nearest(f"cognito-{bare}", known, _NEAR)
        question = f"Did you mean {meant}? " if meant else ""
        return Problem(
            f"{path} has the key {key}, which no option has",
            f"{question}`cognito-load options` and `locust --help` list what there is.",
        )


def _repeated(path: str) -> Iterator[Problem]:
    if path.endswith(".toml"):
        return  # a fault of the format, which its parser finds
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    keys = Counter(found[1].strip("-") for line in lines if (found := _KEY.match(line)))
    for key, count in keys.items():
        if count > 1 and key in _OURS:
            hint = "Put them into one line, with ; between them." if key == "gate" else "Keep one."
            yield Problem(f"{path} has the key {key} {count} times, and Locust takes the last", hint)
