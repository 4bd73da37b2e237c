"""Which refusals are told as rejected accounts, and how."""

from __future__ import annotations

import pytest

from harness import credentials
from harness.credentials import CsvDataSet
from harness.evidence.storage.rejections import Rejected
from harness.load.leases import LeaseTable, LocalRows, Refusal
from harness.load.supervisor.rejected import RejectedAccounts

WRONG = ("NotAuthorizedException", "Incorrect username or password.", "rejected")


@pytest.fixture
def users(tmp_path):
    (tmp_path / "users.csv").write_text('username,password,note\na,p,"two\nlines"\nb,p,x\nc,p,x\n')
    return credentials.read(CsvDataSet(str(tmp_path / "users.csv")))


@pytest.mark.parametrize(("shows_names", "names"), [(True, ["a", "b"]), (False, ["", ""])])
def test_each_is_told_once_with_its_line(users, shows_names, names):
    """A quoted value may go over several lines."""
    rows = LocalRows(LeaseTable(3, planned=0, processes=1))
    accounts = RejectedAccounts(users, rows.rejected, shows_names=shows_names)
    assert list(accounts.news()) == []
    told = []
    for number in (0, 1, 1):
        rows.refuse(Refusal(number, *WRONG))
        rows._deliver()  # what its greenlet does when the loop comes to it
        told += accounts.news()
    assert told == [Rejected(line, name, *WRONG[:2]) for line, name in zip((2, 4), names, strict=True)]


@pytest.mark.parametrize(
    ("kind", "words", "is_told"),
    [
        ("NotAuthorizedException", "User is disabled.", True),
        ("UserNotFoundException", "User does not exist.", True),
        ("UserNotConfirmedException", "User is not confirmed.", True),
        ("PasswordResetRequiredException", "", True),
        ("ChallengeUnanswered", "NEW_PASSWORD_REQUIRED: nothing is configured to answer it", True),
        ("SomethingNewException", "that the table does not know", True),
        ("ResourceNotFoundException", "User pool client abc does not exist.", False),
        ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client", False),
        ("NotAuthorizedException", "Unable to verify secret hash for client abc", False),
        ("InvalidSignatureException", "Signature expired: x", False),
        ("MissingAuthenticationTokenException", "", False),
    ],
)
def test_what_would_meet_any_account_rejects_none(users, kind, words, is_told):
    """A new password for each of them would mend nothing."""
    accounts = RejectedAccounts(users, lambda since: [[0, kind, words, "rejected"]][since:], shows_names=True)
    assert [each.error for each in accounts.news()] == [kind] * is_told
    assert list(accounts.news()) == []
