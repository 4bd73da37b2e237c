from __future__ import annotations

import json
import threading
import time

import pytest

from harness.errors import ConfigurationError
from harness.vault import unlock
from harness.vault.sources import UnresolvedError, sources


class Places:
    """Stands for any source: what it was asked, and how many questions were open at a time."""

    def __init__(self, kept):
        self.kept = kept
        self.asked = []
        self.most_at_once = 0
        self._open = 0
        self._lock = threading.Lock()

    def __call__(self, place):
        with self._lock:
            self.asked.append(place)
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        time.sleep(0.001)
        with self._lock:
            self._open -= 1
        if place not in self.kept:
            raise UnresolvedError("nothing is there", "Put it there.")
        return self.kept[place]


def refused(given, **arguments):
    with pytest.raises(ConfigurationError) as caught:
        unlock(given, {}, **arguments)
    return caught.value


def test_variables_and_files_are_read_and_plain_secrets_left_alone(tmp_path):
    (tmp_path / "secret").write_text("from a file \n")
    given = [("a", "env:ALICE"), ("b", f"file:{tmp_path}/secret"), ("c", "Passw0rd!"), ("d", "literal:env:x")]
    assert unlock(given, {"ALICE": "from a variable"}) == {
        "env:ALICE": "from a variable",
        f"file:{tmp_path}/secret": "from a file ",
        "literal:env:x": "env:x",
    }


def test_a_thousand_secrets_are_asked_for_64_at_a_time_each_once():
    places = Places({f"/load/{number}": f"secret {number}" for number in range(1000)})
    given = [(f"line {number}", f"ssm:/load/{number % 1000}") for number in range(1500)]
    secrets = unlock(given, {}, source_of={"ssm": places})
    assert len(secrets) == len(places.asked) == 1000
    assert secrets["ssm:/load/7"] == "secret 7"
    assert 1 < places.most_at_once <= 64


def test_members_of_one_secret_cost_one_question():
    places = Places({"users": json.dumps({"alice": "a", "bob": "b"})})
    given = [("1", "secretsmanager:users#alice"), ("2", "secretsmanager:users#bob")]
    secrets = unlock(given, {}, source_of={"secretsmanager": places})
    assert secrets == {"secretsmanager:users#alice": "a", "secretsmanager:users#bob": "b"}
    assert places.asked == ["users"]


def test_one_failure_hides_no_other_and_names_references_only(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"canary\xff")
    kept = {"text": "canary, no JSON", "object": json.dumps({"a": "canary", "number": 1})}
    error = refused(
        [
            ("users.csv, line 2, column 2 (password)", "env:UNSET"),
            ("users.csv, line 3, column 2 (password)", "env:UNSET"),
            ("COGNITO_CLIENT_SECRET", f"file:{tmp_path}/none"),
            ("a", f"file:{tmp_path}/empty"),
            ("b", f"file:{tmp_path}/binary"),
            ("c", "secretsmanager:text#member"),
            ("d", "secretsmanager:object#absent"),
            ("e", "secretsmanager:object#number"),
            ("f", "secretsmanager:none"),
            ("g", "env:9canary"),
        ],
        source_of={**sources({}, ""), "secretsmanager": Places(kept)},
    )
    told = [problem.message for problem in error.problems]
    assert "users.csv, line 2, column 2 (password) (and 1 more): env:UNSET leads to no secret" in told[1]
    assert len(told) == 9
    for part in ("No such file", "it is empty", "not in UTF-8", "no JSON object", "'absent'", "'number'", "nothing is"):
        assert any(part in line for line in told), part
    assert "canary" not in str(error)


def test_many_failures_are_told_as_ten_and_a_number():
    error = refused([(f"line {n}", f"env:UNSET_{n}") for n in range(1000)])
    assert len(error.problems) == 11
    assert error.problems[-1].message == "990 more secrets like these"
    assert [problem.hint for problem in error.problems].count("Set it where this process starts.") == 1
