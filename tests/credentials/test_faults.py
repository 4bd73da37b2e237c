"""What a bad users file is answered with."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.credentials import CsvDataSet, read
from harness.errors import ConfigurationError


@pytest.fixture
def faults_of(tmp_path, monkeypatch):
    """The messages about these bytes as a users file `u.csv`."""
    monkeypatch.chdir(tmp_path)

    def read_it(content: bytes, **data_set) -> list[str]:
        (tmp_path / "u.csv").write_bytes(content)
        with pytest.raises(ConfigurationError) as caught:
            read(CsvDataSet("u.csv", **data_set))
        assert str(caught.value) == "\n".join(map(str, caught.value.problems))
        return [problem.message for problem in caught.value.problems]

    return read_it


HEAD = b"username,password,tenant\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ": is empty"),
        (b"\xef\xbb\xbf\r\n\n", ": is empty"),
        (HEAD, ": holds no account"),
        (HEAD + b"\n\n", ": holds no account"),
        (HEAD + b"a,b\n", ", line 2, column 3 (tenant): missing; the line has 2 of 3 values"),
        (HEAD + b" \n", ", line 2, column 2 (password): missing; the line has 1 of 3 values"),
        (HEAD + b"a,,c\n", ", line 2, column 2 (password): empty, expected a password"),
        (HEAD + b'"",b,c\n', ", line 2, column 1 (username): empty, expected a username"),
        (HEAD + b"a,b,c\n\nd,e,f\na,x,y\n", ", line 5, column 1 (username): the username 'a' is in line 2 already"),
        (
            HEAD + b"a, b,c\n",
            ", line 2, column 2 (password): begins or ends with white space, which Cognito does not allow",
        ),
        (
            HEAD + b"a\t,b,c\n",
            ", line 2, column 1 (username): begins or ends with white space, which Cognito does not allow",
        ),
        (HEAD + b"a,b,c\nusername,password,tenant\n", ", line 3, column 1 (username): a header, expected an account"),
        (HEAD + b'a,"b,c\nd,e,f\n', ", line 2, column 2 (password): the quote that opens this value is never closed"),
        (HEAD + b'a,b"b,c\n', ", line 2, column 2 (password): a quote stands inside a value that is not quoted"),
        (HEAD + b'a,"b"b,c\n', ", line 2, column 2 (password): text follows the quote that closes this value"),
        (HEAD + b'a,b,c,d"d\n', ", line 2, column 4: a quote stands inside a value that is not quoted"),
        (b'username,"password\na,b\n', ", line 1, column 2: the quote that opens this value is never closed"),
        (b"\nusername,password,username\na,b,c\n", ", line 2, column 3: has the same name as column 1"),
        (HEAD + b"a,\xe9\xe9,c\n", ", line 2: byte 3 of the line (offset 27 of the file) is not utf-8"),
        (b"\xef\xbb\xbf" + HEAD + b"a,b,\xe9\n", ", line 2: byte 5 of the line (offset 32 of the file) is not utf-8"),
        (HEAD.decode().encode("utf-16"), ": is UTF-16, expected UTF-8"),
        (HEAD.decode().encode("utf-16-be"), ": is UTF-16, expected UTF-8"),
        (b"PK\x03\x04\x14\0", ": is a spreadsheet or an archive, expected CSV"),
    ],
)
def test_a_fault_is_named_with_file_line_and_column(faults_of, content, expected):
    assert faults_of(content) == [f"u.csv{expected}"]


def test_every_fault_is_told_in_the_order_of_lines_and_columns(faults_of):
    content = HEAD + b'a,b\n\xff,b,c\n,,\n"x"y,b,c\ne,f,g\ne,,g\n'
    assert [re.sub(r"[:(].*", "", message).strip() for message in faults_of(content)] == [
        "u.csv, line 2, column 3",
        "u.csv, line 3",
        "u.csv, line 4, column 1",
        "u.csv, line 4, column 2",
        "u.csv, line 5, column 1",
        "u.csv, line 7, column 1",
        "u.csv, line 7, column 2",
    ]


@pytest.mark.parametrize(("count", "last"), [(11, "u.csv: 1 more fault"), (25, "u.csv: 15 more faults")])
def test_ten_faults_are_told_and_the_rest_is_counted(faults_of, count, last):
    messages = faults_of(HEAD + b"a\n" * count)
    assert len(messages) == 11
    assert messages[9].startswith("u.csv, line 11,")
    assert messages[10] == last


def test_a_remedy_is_told_once(faults_of, tmp_path):
    faults_of(HEAD + b"a\nb\n")
    with pytest.raises(ConfigurationError) as caught:
        read(CsvDataSet(str(tmp_path / "u.csv")))
    first, second = caught.value.problems
    assert first.hint
    assert not second.hint


def test_a_fault_in_one_row_hides_none_in_the_next(faults_of):
    """The row after an unclosed quote is read again as a row of its own."""
    assert len(faults_of(HEAD + b'a,"b,c\nd,"e,f\ng,h\n')) == 3


def test_rows_that_a_wrong_encoding_makes_alike_are_no_duplicates(faults_of):
    assert len(faults_of("username,password\nmüller,a\nmöller,b\nanna,c\nanna,d\n".encode("cp1252"))) == 3


def test_a_bad_byte_of_a_wide_encoding_is_placed(faults_of):
    content = "username,password\r\nab,cd\r\n".encode("utf-16-le") + b"e\0\0\xdcf\0"
    assert faults_of(content, encoding="utf-16-le")[0] == (
        "u.csv, line 3: byte 3 of the line (offset 54 of the file) is not utf-16-le"
    )


@pytest.mark.parametrize(
    ("data_set", "expected"),
    [
        ({"encoding": "klingon"}, "u.csv: unknown encoding 'klingon'"),
        ({"encoding": "rot13"}, "u.csv: unknown encoding 'rot13'"),
        (
            {"encoding": "raw_unicode_escape"},
            "u.csv: the file's bytes are not raw_unicode_escape",
        ),  # half a surrogate pair
        ({"encoding": "undefined"}, "u.csv: the file's bytes are not undefined"),
        ({"delimiter": ";;"}, "the delimiter of a users file must be one character and no quote, found ';;'"),
        ({"delimiter": '"'}, "the delimiter of a users file must be one character and no quote, found '\"'"),
        ({"sharing": "some"}, "the sharing of a users file must be one of all, group, thread, found 'some'"),
        ({"username_column": "password"}, "username and password are both to come from the column 'password'"),
        ({"variable_names": "username"}, "u.csv: no column 'password'; found 'username'"),
    ],
)
def test_a_setting_that_cannot_work_is_a_fault(faults_of, data_set, expected):
    assert faults_of(b"username,password\na,\\ud800\n", **data_set) == [expected]


def test_settings_and_file_are_faulted_together():
    with pytest.raises(ConfigurationError) as caught:
        read(CsvDataSet("/nowhere/u.csv", delimiter=";;"))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "the users file: no users file is named"),
        ("/nowhere/u.csv", "/nowhere/u.csv: there is no such file"),
        ("/tmp", "/tmp: is a directory, expected a CSV file"),  # noqa: S108  # nothing is written there
        ("/dev/null/u.csv", "/dev/null/u.csv: cannot be read: Not a directory"),
        ("u\0.csv", "u\0.csv: cannot be read: embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(path, expected):
    with pytest.raises(ConfigurationError) as caught:
        read(CsvDataSet(path))
    assert caught.value.problems[0].message == expected


def test_a_relative_path_is_told_with_the_folder_it_starts_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=re.escape(f"u.csv: there is no such file in {tmp_path}")):
        read(CsvDataSet("u.csv"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_a_fault(tmp_path):
    path = tmp_path / "u.csv"
    path.touch(mode=0)
    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        read(CsvDataSet(str(path)))


@pytest.mark.parametrize(
    ("data_set", "content", "found", "hint"),
    [
        ({}, b"Username,password\na,b\n", "found 'Username', 'password'", "Rename 'Username' to 'username'"),
        ({}, b"email,pass\na,b\n", "found 'email', 'pass'", "Rename 'email' to 'username', 'pass' to 'password'"),
        (
            {},
            b"username;password\na;b\n",
            "found 1 column whose name is not shown",
            "delimiter seems to be ';', not ','",
        ),
        (
            {},
            b"alice,canary-1\nbob,canary-2\n",
            "found 2 columns whose names are not",
            "header into the first line: username,password",
        ),
        (
            {"username_column": "Kunde"},
            b"kunde,password\na,b\n",
            "found 'password', 1 column",
            "Rename 'kunde' to 'Kunde'",
        ),
        ({"variable_names": "tenant,name"}, b"a,b\n", "found 'tenant', 'name'", "Name every column in variable_names"),
    ],
)
def test_a_missing_column_comes_with_those_found_and_what_to_do(faults_of, data_set, content, found, hint):
    [message] = faults_of(content, **data_set)
    assert found in message
    with pytest.raises(ConfigurationError) as caught:
        read(CsvDataSet("u.csv", **data_set))
    assert hint in caught.value.problems[0].hint


def test_a_header_that_given_names_stand_in_for_is_found(faults_of):
    messages = faults_of(b"username,password\na,b\n", variable_names="username,password")
    assert messages == ["u.csv, line 1, column 1 (username): a header, expected an account"]


@pytest.mark.parametrize(
    "content",
    [
        b"alice,S3cret-canary\nbob,S3cret-canary\n",  # no header
        b"user,S3cret-canary\n",
        b"username,password,alice,S3cret-canary\nbob,b,c\n",  # the line end after the header was lost
        b'username,password\n"alice,S3cret-canary\nbob",x\n"alice,S3cret-canary\nbob",x\n',  # a quote swallows a row
        b'username,password\nalice,"S3cret-canary\nbob,"x\n',
        b'username,password\nalice,"S"\nS3cret-canary,x\nbob,"S"3\nS3cret-canary,y\n',  # lines that quotes were to join
        b"username,password\nalice,S3cret-canary\xff\n",
        b"username,password\nalice,S3cret-canary \n",
        b"username\tpassword\nalice\tS3cret-canary\n",
    ],
)
def test_a_misplaced_password_is_not_told(faults_of, content):
    messages = faults_of(content)
    assert "anary" not in " ".join(messages)


CANARY = "S3cr3t-canary"
MUTATION = st.tuples(
    st.integers(0, 400), st.integers(0, 3), st.sampled_from([b"", b'"', b",", b";", b"\n", b"\r", b"\xff", b" "])
)
DATA_SETS = st.fixed_dictionaries(
    {
        "variable_names": st.sampled_from(["", "username,password,tenant"]),
        "delimiter": st.sampled_from([",", ";", r"\t", "::"]),
        "quoted": st.booleans(),
        "encoding": st.sampled_from(["", "cp1252", "utf-16", "utf-7", "hex"]),
        "ignore_first_line": st.booleans(),
    }
)


def outcome(path, content: bytes, data_set: dict) -> str:
    """What reading says; anything but rows or a ConfigurationError is an error of the test."""
    path.write_bytes(content)
    try:
        users = read(CsvDataSet(str(path), **data_set))
    except ConfigurationError as error:
        return str(error)
    return f"{users!r} {users.digest}"


@settings(deadline=None)
@given(st.binary(max_size=200), DATA_SETS)
def test_whatever_the_bytes_there_are_rows_or_faults(tmp_path_factory, content, data_set):
    assert outcome(tmp_path_factory.getbasetemp() / "any.csv", content, data_set)


@settings(deadline=None, max_examples=300)
@given(st.lists(MUTATION, max_size=6), DATA_SETS, st.booleans())
def test_however_a_file_is_damaged_no_password_is_told(tmp_path_factory, mutations, data_set, has_header):
    content = bytearray(HEAD if has_header else b"")
    for number in range(8):
        content += f"user-{number % 6},{CANARY}-{number},red\n".encode()
    for place, length, replacement in mutations:
        content[place : place + length] = replacement
    text = outcome(tmp_path_factory.getbasetemp() / "damaged.csv", bytes(content), data_set)
    for start in range(len(CANARY) - 4):
        assert CANARY[start : start + 5] not in text
