"""The faults of a configuration whose text stands in a `Problem(...)` of harness/, as Markdown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "harness"
ANY = "\u2026"
GROUPS = (
    ("The sandbox", ("sandbox/", "cli/fault.py", "load/plan/sandbox_process.py")),
    ("The users file", ("credentials/",)),
    ("Gates and baselines", ("evidence/",)),
    ("Commands of cognito-load", ("cli/", "doctor/", "provision/", "vault/", "extract/")),
    ("Options, variables and files", ("settings/", "load/", "transport/", "cognito/", "aws.py")),
)
"""Where a fault is met, and the code that names it; the first that fits holds."""
PASSED_ON = {
    "cli/login.py",
    "cli/vault.py",
    "credentials/faults.py",
    "evidence/judging/gate_grammar.py",
    "evidence/judging/baseline.py",
    "provision/chosen.py",
    "settings/limits.py",
    "vault/unlock.py",
}
"""Where the message is a variable, and the text is not in the call."""


def calls() -> Iterator[tuple[str, str, str]]:
    """The file, the message and the hint of each `Problem(...)`; a text that is no literal is empty."""
    for path in sorted(HARNESS.rglob("*.py")):
        tree = ast.parse(path.read_text())
        named = _named(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                texts = [_text(each, named) for each in (*node.args, *(keyword.value for keyword in node.keywords))]
                yield path.relative_to(HARNESS).as_posix(), texts[0], texts[1] if len(texts) > 1 else ""


def faults() -> str:
    """A table for each place where faults are met."""
    rows: dict[str, dict[str, str]] = {title: {} for title, _ in GROUPS}
    for file, message, hint in calls():
        if any(letter.isalpha() for letter in message):
            title = next(title for title, places in GROUPS if file.startswith(places))
            rows[title].setdefault(f"| {_code(message)} | {_cell(hint)} |", "")
    lines: list[str] = []
    for title, found in rows.items():
        lines += [f"### {title}", "", "| text | what to do |", "|---|---|", *sorted(found), ""]
    return "\n".join(lines)


def _named(tree: ast.Module) -> dict[str, str]:
    """The texts of the names that are assigned once in a file."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if _is_typed(node) else []
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(_text(node.value, {}))
    return {name: texts[0] for name, texts in found.items() if len(texts) == 1}


def _is_typed(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is not None


def _text(node: ast.expr, named: dict[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
    if isinstance(node, ast.Name):
        return named.get(node.id, "")
    if isinstance(node, ast.IfExp):
        return " Or: ".join(filter(None, (_text(node.body, named), _text(node.orelse, named))))
    return ""


def _code(text: str) -> str:
    """As code that may hold a backtick."""
    flat = " ".join(text.split()).replace("|", r"\|")
    return f"`` {flat} ``" if "`" in flat else f"`{flat}`"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;") or "See the printed text."
