"""Gates from the command line, from a file and from pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.evidence.judging.gate_sources import gather


def texts(folder: Path, gate: str = "", gate_file: str = "") -> list[str]:
    sources = gather(gate, gate_file, folder)
    assert sources.problems == []
    return [gate.text for gate in sources.gates]


def problem(folder: Path, gate_file: str = "") -> str:
    (found,) = gather("", gate_file, folder).problems
    assert found.hint
    return str(found)


def test_the_gates_of_all_sources_hold_and_each_once(tmp_path: Path):
    (tmp_path / "gates.txt").write_text("# latency\nlogin p95 < 1s\n\n  login p99 < 2s; dropped == 0\n")
    (tmp_path / "pyproject.toml").write_text('[tool.cognito-load]\ngates = ["login p95 < 1s", "api count > 0"]\n')
    assert texts(tmp_path, "api p50 < 1s; dropped == 0", "gates.txt") == [
        "api p50 < 1s",
        "dropped == 0",
        "login p95 < 1s",
        "login p99 < 2s",
        "api count > 0",
    ]


def test_nothing_anywhere_is_no_gate(tmp_path: Path):
    assert texts(tmp_path) == []
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nkey = 1\n")
    assert texts(tmp_path) == []


def test_a_fault_in_a_file_names_its_line_and_points_at_the_character(tmp_path: Path):
    (tmp_path / "gates.txt").write_text("login p95 < 1s\nlogin p95 < 300\n")
    first, shown, caret, hint = problem(tmp_path, "gates.txt").split("\n")
    assert first == "gates.txt line 2: the unit is missing"
    assert shown == "    login p95 < 300"
    assert caret.index("^") == len(shown)
    assert "300ms" in hint


def test_a_byte_order_mark_is_no_part_of_a_gate(tmp_path: Path):
    (tmp_path / "gates.txt").write_text("\ufefflogin p95 < 1s\n", encoding="utf-8")
    assert texts(tmp_path, gate_file="gates.txt") == ["login p95 < 1s"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    assert problem(tmp_path, "no.txt").startswith("--gate-file no.txt cannot be read: No such file")


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    (tmp_path / "gates.txt").write_bytes(b"\xff\xfe\x00")
    assert problem(tmp_path, "gates.txt").startswith("--gate-file gates.txt is not UTF-8 text")


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('gates = ["login p95 < 1"]', "pyproject.toml [tool.cognito-load] gate 1: the unit is missing"),
        ('gates = "login p95 < 1s"', "pyproject.toml [tool.cognito-load] gates is no list of texts"),
        ("gates = [1]", "pyproject.toml [tool.cognito-load] gates is no list of texts"),
        ("baseline = 1", "pyproject.toml [tool.cognito-load] baseline is no text"),
        (
            'gate = ["x"]',
            "has the key 'gate', which means nothing\n    Did you mean gates? There are: gates, baseline.",
        ),
        ("colour = 1", "has the key 'colour', which means nothing\n    There are: gates, baseline."),
    ],
)
def test_a_fault_in_pyproject_is_named(tmp_path: Path, toml: str, says: str):
    (tmp_path / "pyproject.toml").write_text(f"[tool.cognito-load]\n{toml}\n")
    assert says in problem(tmp_path)


def test_a_pyproject_that_is_no_toml_is_pointed_at(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.cognito-load]\ngates = "never closed\n')
    first, shown, caret, _ = problem(tmp_path).split("\n")
    assert first.startswith("pyproject.toml: ")
    assert shown == '    gates = "never closed'
    assert "^" in caret


@pytest.mark.parametrize("toml", ["tool = 1\n", "[tool]\ncognito-load = 1\n"])
def test_a_pyproject_of_another_shape_does_not_crash(tmp_path: Path, toml: str):
    (tmp_path / "pyproject.toml").write_text(toml)
    sources = gather("", "", tmp_path)
    assert not sources.gates
    assert len(sources.problems) == toml.startswith("[tool]")


def test_the_baseline_of_pyproject_is_told(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.cognito-load]\nbaseline = "results/nightly"\n')
    assert gather("", "", tmp_path).baseline == "results/nightly"


@pytest.mark.parametrize("table", ["tool.cognito_load", "tool.cognitoload", "tool.Cognito-Load", "cognito-load"])
def test_a_table_with_nearly_our_name_is_a_fault(tmp_path: Path, table: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[{table}]\ngates = ["login p95 < 1s"]\n')
    [problem] = gather("", "", tmp_path).problems
    assert f"[{table}]" in problem.message
    assert "[tool.cognito-load]" in problem.hint


def test_tables_of_others_are_theirs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n[tool.cognito]\na = 1\n[tool.ruff]\n[tool.locust]\n"
    )
    assert gather("", "", tmp_path).problems == []
