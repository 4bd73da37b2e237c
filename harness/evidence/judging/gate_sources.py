"""Where gates are written: --gate, a file, and pyproject.toml. What all of them say holds at once.

A gate file has a gate a line; empty lines and lines that begin with `#` mean nothing. pyproject.toml is the one in the
folder in which `locust` runs, where Locust looks for its own configuration, too:

    [tool.cognito-load]
    gates = ["InitiateAuth p95 < 300ms", "login throttled == 0"]
    baseline = "results/nightly"
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import Problem
from harness.evidence.judging.gates import Gate, parse_gates
from harness.files import MIB, read_bytes

PYPROJECT = "pyproject.toml"
TABLE = "cognito-load"
_KEYS = ("gates", "baseline")
_TOML_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")
_NEAR = 0.85
"""difflib's ratio from which on a table's name is a misspelling of ours; that of an application is not."""
MOST_BYTES = MIB
"""Twenty thousand gates."""
_EXAMPLE_GATE = "InitiateAuth p95 < 300ms"
_EXAMPLE = f'gates = ["{_EXAMPLE_GATE}"]'


@dataclass(slots=True)
class Sources:
    """The gates of all sources, the baseline of pyproject.toml, and every fault."""

    gates: list[Gate] = field(default_factory=list)
    baseline: str = ""
    problems: list[Problem] = field(default_factory=list)

    def add(self, text: str, source: str) -> None:
        """Take in the gates of one text."""
        gates, problems = parse_gates([text], source)
        self.gates += [gate for gate in gates if gate not in self.gates]
        self.problems += problems


def gather(text: str, gate_file: str, folder: Path) -> Sources:
    """Everything that is written about gates.

    Args:
        text: Of --gate.
        gate_file: Path of --gate-file, relative to `folder`; empty: there is none.
        folder: Where pyproject.toml is looked for.
    """
    sources = Sources()
    sources.add(text, "--gate")
    if text.strip() and not text.strip("; \t\n"):
        sources.problems.append(Problem(f"--gate {text!r} holds no gate", f"Write one, as {_EXAMPLE_GATE!r}."))
    if gate_file:
        _read_file(sources, gate_file, folder)
    _read_pyproject(sources, folder)
    return sources


def _read_file(sources: Sources, name: str, folder: Path) -> None:
    try:
        lines = read_bytes(folder / name, MOST_BYTES).decode("utf-8-sig").splitlines()
    except OSError as error:
        sources.problems.append(
            Problem(f"--gate-file {name} cannot be read: {error.strerror}", "Name a file with a gate a line.")
        )
        return
    except UnicodeDecodeError:
        sources.problems.append(Problem(f"--gate-file {name} is not UTF-8 text", "Name a file with a gate a line."))
        return
    for number, line in enumerate(lines, 1):
        if _is_gate(line):
            sources.add(line, f"{name} line {number}")
    if not any(map(_is_gate, lines)):
        sources.problems.append(Problem(f"--gate-file {name} holds no gate", "Write one a line, or drop the option."))


def _is_gate(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _read_pyproject(sources: Sources, folder: Path) -> None:
    try:
        text = (folder / PYPROJECT).read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError):
        return  # most projects have none; that a file of others is unreadable is theirs to say
    except tomllib.TOMLDecodeError as error:
        sources.problems.append(_toml_fault(text, str(error)))
        return
    tool = document.get("tool")
    sources.problems += _misspelt_tables(document)
    table = tool.get(TABLE, {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        sources.problems.append(Problem(f"{PYPROJECT}: tool.{TABLE} is no table", f"Write [tool.{TABLE}]."))
        return
    _read_table(sources, table)


def _misspelt_tables(document: dict[str, Any]) -> list[Problem]:
    """Tables near to ours, whose gates nothing would hold: `[tool.cognito_load]`, `[cognito-load]`."""
    tool = document.get("tool")
    places = {f"tool.{name}": name for name in (tool if isinstance(tool, dict) else {}) if name != TABLE}
    places |= {name: name for name in document if name != "tool"}
    return [
        Problem(f"{PYPROJECT} has the table [{place}], which means nothing", f"Did you mean [tool.{TABLE}]?")
        for place, name in places.items()
        if difflib.get_close_matches(name.lower().replace("_", "-"), [TABLE], n=1, cutoff=_NEAR)
    ]


def _read_table(sources: Sources, table: dict[str, Any]) -> None:
    place = f"{PYPROJECT} [tool.{TABLE}]"
    for key in table:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            question = f"Did you mean {near[0]}? " if near else ""
            sources.problems.append(
                Problem(
                    f"{place} has the key {key!r}, which means nothing", f"{question}There are: {', '.join(_KEYS)}."
                )
            )
    gates = table.get("gates", [])
    if not isinstance(gates, list) or not all(isinstance(gate, str) for gate in gates):
        sources.problems.append(Problem(f"{place} gates is no list of texts", f"Write {_EXAMPLE}."))
        gates = []
    for number, gate in enumerate(gates, 1):
        sources.add(gate, f"{place} gate {number}")
    baseline = table.get("baseline", "")
    if isinstance(baseline, str):
        sources.baseline = baseline
    else:
        sources.problems.append(Problem(f"{place} baseline is no text", 'Write baseline = "results/latest".'))


def _toml_fault(text: str, message: str) -> Problem:
    hint = f"Correct it: it may hold gates under [tool.{TABLE}]."
    position = _TOML_POSITION.search(message)
    if position is None:
        return Problem(f"{PYPROJECT}: {message}", hint)
    line, column = int(position[1]), int(position[2])
    shown = text.splitlines()[line - 1].replace("\t", " ")
    return Problem(f"{PYPROJECT}: {message}\n    {shown}\n    {' ' * (column - 1)}^", hint)
