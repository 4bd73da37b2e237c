from __future__ import annotations

import stat

import pytest

from harness import credentials
from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError
from harness.provision import accounts_file


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users.dev.csv"


def accounts(path):
    return {row.account.username: row.account.password for row in credentials.read(CsvDataSet(str(path))).rows}


def test_changes_are_on_disk_a_second_later_and_at_the_end(path):
    clock = Clock()
    file = accounts_file.read(path, clock)
    file.put("alice", 'Pass,"word"')
    assert not path.exists()
    clock.now_s = 1.0
    file.put("bob", "Passw0rd")
    assert accounts(path) == {"alice": 'Pass,"word"', "bob": "Passw0rd"}
    file.put("carol", "Passw0rd")
    file.remove("bob")
    file.save()
    assert accounts(path) == {"alice": 'Pass,"word"', "carol": "Passw0rd"}
    assert accounts_file.read(path, clock).passwords == accounts(path)


def test_only_its_owner_can_read_it_and_nothing_stays_beside_it(path):
    path.with_suffix(".part.csv").write_text("left by a process that was killed")
    accounts_file.write(path, {"alice": "Passw0rd"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["users.dev.csv"]


def test_what_others_wrote_stays(path):
    path.write_text("username,password\nmine,keyring:load/mine\n")
    file = accounts_file.read(path, Clock())
    file.put("load-00001", "Passw0rd")
    file.save()
    assert accounts(path) == {"mine": "keyring:load/mine", "load-00001": "Passw0rd"}


def test_a_file_with_more_columns_is_not_written_over(path):
    path.write_text("username,password,tenant\nalice,canary,red\n")
    with pytest.raises(ConfigurationError, match="other columns") as caught:
        accounts_file.read(path, Clock())
    assert "canary" not in str(caught.value)


def test_without_accounts_there_is_no_file(path):
    accounts_file.write(path, {"alice": "Passw0rd"})
    file = accounts_file.read(path, Clock())
    file.remove("alice")
    file.save()
    assert not path.exists()
