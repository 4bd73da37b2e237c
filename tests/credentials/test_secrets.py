"""Secrets that stand elsewhere, and what stands for them in the file."""

from __future__ import annotations

from harness.credentials import CsvDataSet, read

PREFIXES = ("env:", "ssm:")


def users_file(tmp_path, content):
    path = tmp_path / "users.csv"
    path.write_text(content)
    return read(CsvDataSet(str(path)))


def test_each_reference_is_found_with_its_place(tmp_path):
    users = users_file(
        tmp_path,
        "username,password,totp_secret,tenant\nalice,env:A,ssm:/a,env:B\nbob,Passw0rd!,,red\ncarol,env:A,,red\n",
    )
    assert [(where.partition(", ")[2], text) for where, text in users.secrets(PREFIXES)] == [
        ("line 2, column 2 (password)", "env:A"),
        ("line 2, column 3 (totp_secret)", "ssm:/a"),
        ("line 4, column 2 (password)", "env:A"),
    ]


def test_secrets_take_the_place_of_references_and_of_nothing_else(tmp_path):
    users = users_file(tmp_path, "username,password,new_password,tenant\nalice,env:A,env:N,env:A\nenv:A,plain,,\n")
    opened = users.unlocked({"env:A": "Canary-1", "env:N": "Canary-2"})
    alice, other = opened.rows
    assert (alice.account.password, alice.account.new_password) == ("Canary-1", "Canary-2")
    assert (alice.variables["tenant"], other.account.username, other.account.password) == ("env:A", "env:A", "plain")
    assert users.rows[0].account.password == "env:A"


def test_the_digest_knows_nothing_of_secrets(tmp_path):
    users = users_file(tmp_path, "username,password\nalice,env:A\n")
    assert users.unlocked({"env:A": "Canary"}).digest == users.digest
    assert "Canary" not in repr(users.unlocked({"env:A": "Canary"}))
