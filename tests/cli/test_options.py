from __future__ import annotations

import pytest

from harness.cli.main import main
from harness.errors import EXIT
from harness.settings import KNOBS


def test_every_option_that_people_may_set_is_listed_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["options"]) == EXIT.PASSED
    out = capsys.readouterr().out
    for knob in KNOBS:
        assert (knob.flag in out.split()) == knob.is_shown
        assert (f"[{knob.variable}" in out) == knob.is_shown


def test_no_line_is_wider_than_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["options"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
