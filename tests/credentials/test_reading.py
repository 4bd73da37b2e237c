"""What a good users file becomes."""

from __future__ import annotations

import csv
import io
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cognito.flows import Account
from harness.credentials import CsvDataSet, UsersFile, is_sample, read

USERS_CSV = Path(__file__).parents[2] / "users.csv"


@pytest.fixture
def read_bytes(tmp_path):
    """Reads these bytes as a users file, with settings of a data set."""

    def read_it(content: bytes, **data_set) -> UsersFile:
        path = tmp_path / "users.dev.csv"
        path.write_bytes(content)
        return read(CsvDataSet(str(path), **data_set))

    return read_it


def accounts(users: UsersFile) -> list[tuple[str, str]]:
    return [(row.account.username, row.account.password) for row in users.rows]


def test_first_line_names_the_columns_in_any_order(read_bytes):
    users = read_bytes(b"password,tenant,username\nsecret-1,red,alice\nsecret-2,,bob\n")
    assert accounts(users) == [("alice", "secret-1"), ("bob", "secret-2")]
    assert [(row.number, row.line) for row in users.rows] == [(0, 2), (1, 3)]
    assert [row.variables for row in users.rows] == [
        {"username": "alice", "tenant": "red"},
        {"username": "bob", "tenant": ""},
    ]


def test_columns_that_hold_secrets_are_no_variables(read_bytes):
    header = b"username,password,new_password,totp_secret,clientSecret,oldPasswd,pin,pw,tenant"
    [row] = read_bytes(header + b"\nalice,one,two,three,four,five,6,seven,red\n").rows
    assert row.account == Account("alice", "one", "two", "three")
    assert row.variables == {"username": "alice", "pin": "6", "tenant": "red"}


@pytest.mark.parametrize(
    ("data_set", "content"),
    [
        ({"variable_names": "username, password"}, b"alice,one\nbob,two\n"),
        (
            {"variable_names": "username,,password,"},
            b"alice,one\nbob,two\n",
        ),  # adjacent commas count as one, as in JMeter
        ({"variable_names": "username,password", "ignore_first_line": True}, b"Name,Kennwort\nalice,one\nbob,two\n"),
        ({"ignore_first_line": True}, b"username,password\nalice,one\nbob,two\n"),  # only the header is skipped
        ({"delimiter": r"\t"}, b"username\tpassword\nalice\tone\nbob\ttwo\n"),
        ({"delimiter": "\t"}, b"username\tpassword\nalice\tone\nbob\ttwo\n"),
        ({"delimiter": ";"}, b"username;password\nalice;one\nbob;two\n"),
        ({"delimiter": ""}, b"username,password\nalice,one\nbob,two\n"),
        ({"delimiter": "|", "variable_names": "username,password"}, b"alice|one\nbob|two\n"),
        ({}, b"\xef\xbb\xbfusername,password\nalice,one\nbob,two\n"),  # a byte order mark
        ({"encoding": "cp1252"}, b"\xef\xbb\xbfusername,password\nalice,one\nbob,two\n"),
        ({"encoding": "utf-16"}, "username,password\nalice,one\nbob,two\n".encode("utf-16")),
        ({"encoding": "utf-16-le"}, "\ufeffusername,password\nalice,one\nbob,two\n".encode("utf-16-le")),
        ({}, b"username,password\r\nalice,one\r\nbob,two"),  # Windows, and no end of the last line
        ({}, b"username,password\ralice,one\rbob,two\r"),  # Excel for Mac
        ({}, b"\n username , password \n\nalice,one\n\nbob,two\n\n\n"),  # blank lines; names are trimmed
        ({}, b'"username","password"\n"alice","one"\nbob,"two"\n'),
        ({"quoted": False}, b'"username","password"\nalice,one\nbob,two\n'),  # a header may use quotes in any case
        ({}, b"username,password,\nalice,one\nbob,two\n"),  # a column without a name needs no value
        ({}, b"username,password\nalice,one,extra\nbob,two,,,\n"),  # values without a name drop, as in JMeter
        ({"username_column": "email", "password_column": "pass"}, b"email,pass\nalice,one\nbob,two\n"),
    ],
)
def test_reads_what_jmeter_reads(read_bytes, data_set, content):
    assert accounts(read_bytes(content, **data_set)) == [("alice", "one"), ("bob", "two")]


def test_quotes_enclose_delimiters_line_ends_and_doubled_quotes(read_bytes):
    users = read_bytes(b'username,password,note\nalice,"a,b""c","two\r\nlines"\nbob,x,""\ncarol,y,z\n')
    assert accounts(users) == [("alice", 'a,b"c'), ("bob", "x"), ("carol", "y")]
    assert [row.variables["note"] for row in users.rows] == ["two\r\nlines", "", "z"]
    assert [row.line for row in users.rows] == [2, 4, 5]


def test_without_quoting_a_quote_is_a_character_as_any_other(read_bytes):
    assert accounts(read_bytes(b'username,password\nalice,"on"e\n', quoted=False)) == [("alice", '"on"e')]


def test_spaces_and_line_ends_that_only_python_knows_stay_in_values(read_bytes):
    password = "a b\x0bc\u2028d\x85e"
    assert accounts(read_bytes(f"username,password\nalice,{password}\n".encode())) == [("alice", password)]


def test_named_encoding_is_used(read_bytes):
    users = read_bytes("username,password\nmüller,größe\n".encode("cp1252"), encoding="cp1252")
    assert accounts(users) == [("müller", "größe")]


WORD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), min_size=1, max_size=12
).filter(lambda word: word == word.strip(" \t\r\n\v\f"))


@settings(deadline=None)
@given(
    st.lists(st.tuples(WORD, WORD, WORD), min_size=1, unique_by=lambda row: row[0]),
    st.sampled_from([",", ";", "\t", "|", "x", " "]),
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), *((end, csv.QUOTE_ALL) for end in ("\r\n", "\n", "\r"))]),
)
def test_whatever_pythons_csv_module_writes_comes_back(tmp_path_factory, rows, delimiter, dialect):
    """Line ends in values included; the module quotes all of them only in these dialects."""
    line_end, quoting = dialect
    path = tmp_path_factory.getbasetemp() / "written.csv"
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
    data_set = CsvDataSet(str(path), variable_names="username,password,note", delimiter=delimiter)
    users = read(data_set)
    assert [(*found, row.variables["note"]) for found, row in zip(accounts(users), users.rows, strict=True)] == rows


def test_rows_are_a_sequence(read_bytes):
    users = read_bytes(b"username,password\na,1\nb,2\nc,3\n")
    assert len(users) == len(users.rows) == 3
    assert users.rows[-1] == users.rows[2]
    assert [row.account.username for row in users.rows[::2]] == ["a", "c"]
    with pytest.raises(IndexError):
        users.rows[3]


def test_nothing_that_is_printed_holds_a_password(read_bytes):
    users = read_bytes(b"username,password,new_password,totp_secret\nalice,canary-1,canary-2,canary-3\n")
    assert "canary" not in f"{users!r} {users.rows!r} {users.rows[0]!r} {users.end!r}"


def test_after_the_last_row_every_variable_is_eof(read_bytes):
    assert read_bytes(b"username,password,tenant\na,b,c\n").end == {"username": "<EOF>", "tenant": "<EOF>"}


class TestDigest:
    CONTENT = b"username,password,tenant\nalice,one,red\nbob,two,blue\n"

    @pytest.mark.parametrize(
        "same",
        [
            CONTENT.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + CONTENT,
            CONTENT.replace(b"red", b'"red"'),
            CONTENT.replace(b"one", b"changed"),
            b"tenant,password,username\nred,one,alice\nblue,two,bob\n",
        ],
    )
    def test_is_the_same_where_row_numbers_mean_the_same_accounts(self, read_bytes, same):
        assert read_bytes(same).digest == read_bytes(self.CONTENT).digest

    def test_differs_where_only_the_border_of_two_values_does(self, read_bytes):
        contents = (b"username,password,tenant\na,x,aa\n", b"username,password,tenant\naa,x,\n")
        assert len({read_bytes(content).digest for content in contents}) == 2

    @pytest.mark.parametrize(
        "other",
        [
            CONTENT + b"carol,three,red\n",
            b"username,password,tenant\nbob,two,blue\nalice,one,red\n",
            CONTENT.replace(b"bob", b"Bob"),
            CONTENT.replace(b"red", b"green"),
            CONTENT.replace(b"tenant", b"colour"),
            CONTENT.replace(b"alice,one,red", b"aliced,one,re"),
        ],
    )
    def test_differs_where_a_row_differs(self, read_bytes, other):
        assert read_bytes(other).digest != read_bytes(self.CONTENT).digest


def test_100_000_rows_take_little_memory(read_bytes):
    """A row costs its place in the text, not an object: less than 80 bytes beside its line."""
    content = b"username,password\n" + b"".join(
        b"user-%06d@corp.example,Passw0rd-%06d\n" % (i, i) for i in range(100_000)
    )
    tracemalloc.start()
    try:
        users = read_bytes(content)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(users) == 100_000
    assert users.rows[99_999].account == Account("user-099999@corp.example", "Passw0rd-099999")
    assert kept < len(content) + 80 * len(users)


def test_repositorys_users_are_the_sandboxs_samples():
    users = read(CsvDataSet(str(USERS_CSV)))
    assert is_sample(users)
    assert len(users) == 100


@pytest.mark.parametrize("name", ["alice@example.com", "load-user-001@example.org", "xload-user-001@example.com"])
def test_other_accounts_are_no_samples(read_bytes, name):
    assert not is_sample(read_bytes(f"username,password\nload-user-001@example.com,a\n{name},b\n".encode()))


def test_data_set_is_a_value_whose_path_can_be_replaced():
    assert replace(CsvDataSet(""), path="users.csv") == CsvDataSet("users.csv")
