from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.sandbox.sample_accounts import Account, accounts, sample_accounts
from harness.sandbox.state.password import PasswordPolicy
from harness.sandbox.state.user import UserStatus

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        file = tmp_path / "users.csv"
        file.write_bytes(text.encode(encoding))
        return file

    return write


def problems(file):
    with pytest.raises(ConfigurationError) as error:
        accounts(file)
    return [problem.message.replace(str(file), "FILE") for problem in error.value.problems]


def test_the_repository_s_users_are_the_built_in_ones():
    assert accounts(REPOSITORY / "users.csv")[0] == sample_accounts()


def test_the_built_in_users_are_many_and_plainly_samples_with_passwords_that_conform():
    users = sample_accounts()
    assert len({user.username for user in users}) == 100
    for user in users:
        assert user.username.endswith("@example.com")
        assert "Sample" in user.password
        PasswordPolicy().check(user.password)


def test_users_csv_of_the_working_directory_is_the_default(write, monkeypatch):
    file = write("username,password\nsomebody,secret\n")
    monkeypatch.chdir(file.parent)
    assert accounts(None) == ([Account("somebody", "secret")], "users.csv")


def test_without_any_file_the_built_in_users_are_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert accounts(None) == (sample_accounts(), "built-in sample users")


def test_columns_may_stand_in_any_order_and_others_are_ignored(write):
    file = write('\ufeffteam,Password,USERNAME\nred,"a,""b",zoë\n\n')
    assert accounts(file)[0] == [Account("zoë", 'a,"b')]


def test_a_state_column_makes_users_in_that_state(write):
    file = write(
        "username,password,state\na,p,\nb,p,UNCONFIRMED\nc,p,RESET_REQUIRED\nd,p,FORCE_CHANGE_PASSWORD\ne,p,DISABLED\n"
    )
    states = [(user.status, user.is_enabled) for user in accounts(file)[0]]
    assert states == [
        (UserStatus.CONFIRMED, True),
        (UserStatus.UNCONFIRMED, True),
        (UserStatus.RESET_REQUIRED, True),
        (UserStatus.FORCE_CHANGE_PASSWORD, True),
        (UserStatus.CONFIRMED, False),
    ]


def test_everything_that_is_wrong_is_told_at_once_and_no_password_with_it(write):
    file = write("username,password,state\na,hidden-1,\na,hidden-2,\n,hidden-3,\nb,,\nc,hidden-4,ASLEEP\n")
    told = problems(file)
    assert told == [
        "FILE, row 3: a was there before",
        "FILE, row 4: username or password is empty",
        "FILE, row 5: username or password is empty",
        (
            "FILE, row 6: state is 'ASLEEP', expected one of UNCONFIRMED, CONFIRMED, RESET_REQUIRED, "
            "FORCE_CHANGE_PASSWORD, DISABLED"
        ),
    ]


def test_after_ten_problems_the_rest_is_counted(write):
    told = problems(write("username,password\n" + "x,\n" * 13))
    assert (len(told), told[-1]) == (11, "FILE: 3 more of the kind")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("username;password\na;b\n", "FILE, line 1: no column username and no column password"),
        ("username\na\n", "FILE, line 1: no column password"),
        ("", "FILE, line 1: no column username and no column password"),
        ("username,password\n", "FILE: no accounts"),
    ],
)
def test_a_file_without_accounts_says_what_is_missing(write, text, problem):
    assert problems(write(text)) == [problem]


def test_a_file_that_cannot_be_read_is_a_fault_of_the_configuration(write, tmp_path):
    assert problems(tmp_path / "none.csv") == ["FILE: cannot be read: No such file or directory"]
    assert "cannot be read" in problems(write("username,password\nü,p\n", "latin-1"))[0]


def test_an_account_does_not_show_its_password():
    assert "hidden" not in repr(Account("a", "hidden"))


def test_references_are_resolved_and_every_one_that_cannot_be_is_told(write, monkeypatch):
    monkeypatch.setenv("ALICE", "Canary-1")
    file = write("username,password,totp_secret\nalice,env:ALICE,\nbob,plain,\n")
    assert [account.password for account in accounts(file)[0]] == ["Canary-1", "plain"]
    told = problems(write("username,password,totp_secret\nalice,env:NOT_SET_1,\nbob,plain,env:NOT_SET_2\n"))
    assert [text.partition(" leads")[0] for text in told] == [
        "FILE, alice: env:NOT_SET_1",
        "FILE, bob: env:NOT_SET_2",
    ]


def test_a_pipe_or_a_device_is_no_users_file(tmp_path: Path) -> None:
    """One waits for ever, the other never ends."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read: "):
            accounts(path)
