"""The keyring library with the file backend of its own project, in a folder of the test's."""

from __future__ import annotations

import io
import sys

import keyring as library
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyrings.alt.file import PlaintextKeyring

from harness.cli.main import main
from harness.errors import EXIT, ConfigurationError
from harness.vault import keyring, unlock

SECRET = "Canary-Passw0rd!"


@pytest.fixture
def backend(tmp_path):
    before = library.get_keyring()
    used = PlaintextKeyring()
    used.file_path = str(tmp_path / "keyring.cfg")
    library.set_keyring(used)
    yield used
    library.set_keyring(before)


@pytest.fixture
def no_backend():
    before = library.get_keyring()
    library.set_keyring(NoKeyring())
    yield
    library.set_keyring(before)


@pytest.fixture
def vault(monkeypatch, capsys):
    """Runs `cognito-load vault`: exit code, standard output, standard error."""

    def run(*arguments, given=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main(["vault", *arguments])
        return code, *capsys.readouterr()

    return run


def test_an_entry_is_set_used_listed_and_deleted(backend, vault):
    code, out, err = vault("set", "load/alice", given=f"{SECRET}\n")
    assert (code, out, err) == (EXIT.PASSED, "Set. Refer to it as keyring:load/alice\n", "")
    assert vault("set", "keyring:load/bob", given="another")[0] == EXIT.PASSED
    assert vault("list")[1] == "keyring:load/alice\nkeyring:load/bob\n"
    assert unlock([("password", "keyring:load/alice")], {}) == {"keyring:load/alice": SECRET}
    assert vault("delete", "load/alice")[0] == EXIT.PASSED
    assert vault("list")[1] == "keyring:load/bob\n"
    assert vault("delete", "load/alice") == (EXIT.FAILED, "", "There is no keyring:load/alice\n")


def test_an_entry_that_is_not_there_is_named_with_the_command_that_makes_it(backend):
    with pytest.raises(ConfigurationError, match="keyring:load/none leads to no secret: the keyring has no such entry"):
        unlock([("password", "keyring:load/none")], {})


def test_entries_made_elsewhere_can_be_used_and_deleted_though_not_listed(backend, vault):
    library.set_password("postman", "bob", SECRET)
    assert unlock([("password", "keyring:postman/bob")], {}) == {"keyring:postman/bob": SECRET}
    assert vault("list")[1] == ""
    assert vault("delete", "postman/bob")[0] == EXIT.PASSED


def test_a_spoiled_list_of_names_is_begun_anew(backend, vault):
    library.set_password(keyring.INDEX_SERVICE, keyring.INDEX_NAME, "{not json")
    vault("set", "load/alice", given=SECRET)
    assert keyring.names() == ["load/alice"]


def test_nothing_is_no_secret(backend, vault):
    code, _, err = vault("set", "load/alice", given="\n")
    assert (code, keyring.names()) == (EXIT.CONFIGURATION, [])
    assert "no secret to set" in err


def test_a_machine_without_a_keyring_says_so(no_backend, vault):
    for arguments in (["list"], ["set", "load/alice"], ["delete", "load/alice"]):
        code, out, err = vault(*arguments, given=SECRET)
        assert (code, out) == (EXIT.CONFIGURATION, "")
        assert err.startswith("this machine has no keyring")
        assert SECRET not in err
    with pytest.raises(ConfigurationError, match="no keyring"):
        unlock([("password", "keyring:load/alice")], {})


def test_an_entry_without_a_name_is_an_error_of_usage(backend, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["vault", "set", "alice"])
    assert caught.value.code == EXIT.USAGE
    assert "service/name" in capsys.readouterr().err
