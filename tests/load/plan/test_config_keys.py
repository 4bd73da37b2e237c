"""Keys of Locust's configuration files that mean nothing, by Locust's own parser."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

from harness.load.plan.config_keys import ConfigKeys
from harness.load.plugin import _Plugin
from harness.settings import KNOBS


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Parses as `locust` does, with these files in the folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for knob in KNOBS:
        monkeypatch.delenv(knob.variable, raising=False)

    def parsed(files: dict[str, str], *arguments: str) -> tuple[Namespace, list[str]]:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        parser = get_empty_argument_parser()
        setup_parser_arguments(parser)
        plugin = object.__new__(_Plugin)
        plugin._keys = None
        plugin.add_options(parser)
        found = parser.parse_args(list(arguments))
        assert isinstance(plugin._keys, ConfigKeys)
        return found, [str(problem) for problem in plugin._keys.problems()]

    return parsed


@pytest.mark.parametrize("name", ["locust.conf", ".locust.conf", "other.conf"])
@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("gates = InitiateAuth p95 < 1us", "gate"),  # with a blank, argparse takes it for a user class
        ("cognito_client_id = x", "cognito-client-id"),
        ("client-id = x", "cognito-client-id"),
        ("cognito-gate = x", "gate"),
        ("LOCUST_USERS = 3", "users"),
        ("Warm-Up = 5s", "warmup"),
    ],
)
def test_an_unknown_key_is_a_fault_with_its_file_and_the_nearest_name(parse, name: str, line: str, meant: str) -> None:
    arguments = ("--config", name) if name == "other.conf" else ()
    options, [fault] = parse({name: f"users = 3\n{line}\n"}, *arguments)
    assert options.num_users == 3
    assert options.user_classes == []
    assert f"{name} has the key {line.split(maxsplit=1)[0]}, which no option has" in fault
    assert f"Did you mean {meant}?" in fault


def test_pyproject_s_table_for_locust_too(parse) -> None:
    options, [fault] = parse({"pyproject.toml": '[tool.locust]\nwarm-up = "5s"\ngate = ["a", "b"]\n'})
    assert "pyproject.toml has the key warm-up" in fault
    assert options.gate == "a; b"


def test_a_gate_that_stands_in_a_file_twice_is_a_fault(parse) -> None:
    """Locust would hold the last one only."""
    _, [fault] = parse({"locust.conf": "gate = a\ngate = b\nusers = 1\nusers = 2\n"})
    assert "the key gate 2 times, and Locust takes the last" in fault


def test_a_duration_beyond_arithmetic_is_said_later_with_the_other_faults(parse) -> None:
    options, faults = parse({}, "--run-time", "99999999999h", "--stop-timeout", "99999999999h")
    assert options.run_time == options.stop_timeout > 10**18
    assert faults == []
    assert parse({}, "--run-time", "1m30s")[0].run_time == 90


def test_known_keys_are_none(parse) -> None:
    text = "# a comment\nusers = 3\n[a heading]\ncognito-region = eu-west-1\ngate = a\nsamples = yes\n"
    options, faults = parse({"locust.conf": text}, "--gate", "b")
    assert faults == []
    assert (options.gate, options.samples, options.cognito_region) == ("b", "yes", "eu-west-1")
