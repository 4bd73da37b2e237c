"""The commands of the documentation: every option exists, and their values are good."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness.evidence.judging.gates import parse_gates
from harness.settings import KNOBS, Settings, problems_of

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LOCUSTS_OWN = {"headless", "users", "spawn-rate", "run-time", "host", "processes", "master", "worker", "only-summary"}
GIVEN = {"cognito_client_id": "1example23456789", "cognito_user_pool_id": "eu-west-1_AbC123"}


def commands() -> list[tuple[str, list[str]]]:
    """Every `locust` command in a shell block, with its page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, shlex.split(line)) for line in lines if re.match(r"(\S*/)?locust ", line)]
    return found


def test_there_are_commands():
    assert len(commands()) > 5


@pytest.mark.parametrize(("page", "words"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_command_has_options_that_exist_and_values_that_are_good(page, words):
    flags = {knob.flag: knob for knob in KNOBS}
    options: dict[str, object] = dict(GIVEN)
    gates = []
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word == "--gate":
            gates.append(value)
        elif word in flags:
            options[flags[word].dest] = "yes" if flags[word].is_switch else value
        elif word.startswith("--"):
            assert word.removeprefix("--") in LOCUSTS_OWN | {"quiet"}, page
    assert problems_of(Settings.from_options(options, {})) == []
    assert parse_gates(gates)[1] == []
