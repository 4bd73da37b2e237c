"""The accounts that a file names, for `reset-passwords --users`."""

from __future__ import annotations

import pytest

from harness.errors import ConfigurationError
from harness.evidence.storage.rejections import Rejected, header, to_csv
from harness.provision.chosen import names_in


def test_a_runs_rejected_accounts_and_a_users_file_are_taken_as_they_are(tmp_path):
    rejected, users = tmp_path / "rejected.csv", tmp_path / "users.csv"
    names = ["+49123", "plain", "'odd"]
    rejected.write_text(header() + to_csv(Rejected(n, name, "X", "") for n, name in enumerate(names, 2)))
    users.write_text("\ufeffid,username,password\n1,'odd,p\n2,plain,p\n2,plain,p\n")
    assert names_in(rejected) == names
    assert names_in(users) == ["'odd", "plain"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "no column username"),
        (b"name\nx\n", "no column username"),
        (b"username\n", "names no account"),
        (b"username\n\xff\n", "no CSV file in UTF-8"),
        (header().encode() + b",2,X,\n", "--cognito-show-accounts no"),
    ],
)
def test_what_names_nobody_is_refused(tmp_path, content, said):
    file = tmp_path / "rejected.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        names_in(file)
