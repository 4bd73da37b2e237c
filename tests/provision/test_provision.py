"""`cognito-load provision` against a real sandbox process, with its UserCreation quota on."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import random
import re
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from itertools import count

import boto3
import pyotp
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from harness import credentials
from harness.cli.main import main
from harness.cli.provision import Site, build_parser
from harness.cognito.parties import AppClient, secret_hash
from harness.credentials import CsvDataSet
from harness.errors import EXIT, ConfigurationError
from harness.provision.accounts_file import AccountsFile, write
from harness.provision.pool import Description
from harness.settings import Settings
from tests.conftest import USERS_CSV

QUOTA = 50
NUMBERS = count(1)


@pytest.fixture(scope="module")
def sandbox(module_sandbox):
    return module_sandbox(creation_quota=QUOTA)


@pytest.fixture
def aws(sandbox):
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=sandbox.endpoint,
        region_name=sandbox.region,
        aws_access_key_id=sandbox.access_key_id,
        aws_secret_access_key=sandbox.secret_access_key,
    )


@pytest.fixture
def make_pool(aws, sandbox, monkeypatch, tmp_path):
    """Makes a pool, and lets this process's environment point to it."""

    def make(**settings):
        pool_id = aws.create_user_pool(PoolName="dev", **settings)["UserPool"]["Id"]
        for name in [name for name in os.environ if name.startswith(("AWS_", "COGNITO_"))]:
            monkeypatch.delenv(name)
        for name, value in {
            "COGNITO_ENDPOINT": sandbox.endpoint,
            "COGNITO_USER_POOL_ID": pool_id,
            "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
            "AWS_SECRET_ACCESS_KEY": sandbox.secret_access_key,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return pool_id

    return make


@pytest.fixture
def provision(capsys, monkeypatch):
    """Runs the command: exit code, standard output, standard error."""

    def run(*arguments, given=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main(["provision", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def accounts(path):
    return {row.account.username: row.account.password for row in credentials.read(CsvDataSet(str(path))).rows}


def names_of(aws, pool_id):
    pages = aws.get_paginator("list_users").paginate(UserPoolId=pool_id)
    return [user["Username"] for page in pages for user in page["Users"]]


def can_sign_in(aws, pool_id, username, password):
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client = aws.create_user_pool_client(UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=flows)["UserPoolClient"]
    answer = aws.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    return "AuthenticationResult" in answer


def failed(sandbox, *operations):
    answered = sandbox.counts()["answered"]
    return {name: {kind: n for kind, n in answered.get(name, {}).items() if kind != "ok"} for name in operations}


def test_accounts_are_made_that_can_sign_in_and_the_same_command_makes_no_more(
    make_pool, provision, aws, sandbox, tmp_path
):
    pool_id = make_pool(Policies={"PasswordPolicy": {"MinimumLength": 24, "RequireSymbols": True}})
    aws.create_group(UserPoolId=pool_id, GroupName="testers")
    before = failed(sandbox, "AdminCreateUser", "AdminSetUserPassword")
    given = ["--count", 12, "--rate", 50, "--group", "testers", "--attribute", "email={username}@example.net"]
    code, out, err = provision("create", *given)
    assert (code, err) == (EXIT.PASSED, "")
    assert "12 accounts created; users.dev.csv holds 12 accounts." in out
    assert "Cost" not in out
    made = accounts(tmp_path / "users.dev.csv")
    assert sorted(made) == sorted(names_of(aws, pool_id)) == [f"load-{number:05d}" for number in range(1, 13)]
    assert stat.S_IMODE((tmp_path / "users.dev.csv").stat().st_mode) == 0o600
    assert len(set(made.values())) == 12
    assert not any(password in out for password in made.values())
    assert can_sign_in(aws, pool_id, "load-00007", made["load-00007"])
    user = aws.admin_get_user(UserPoolId=pool_id, Username="load-00007")
    assert {"Name": "email", "Value": "load-00007@example.net"} in user["UserAttributes"]
    groups = aws.admin_list_groups_for_user(UserPoolId=pool_id, Username="load-00007")["Groups"]
    assert [group["GroupName"] for group in groups] == ["testers"]

    code, out, _ = provision("create", *given)
    assert (code, "12 of 12 accounts are ready" in out) == (EXIT.PASSED, True)
    assert accounts(tmp_path / "users.dev.csv") == made
    assert provision("check")[0] == EXIT.PASSED
    assert failed(sandbox, "AdminCreateUser", "AdminSetUserPassword") == before


class TestAuthenticators:
    @pytest.fixture(params=["OPTIONAL", "ON"])
    def site(self, request, make_pool, aws, monkeypatch):
        """A pool where a second factor may be or has to be, and a client with a secret that only users sign in by."""
        pool_id = make_pool(MfaConfiguration=request.param)
        flows = ["ALLOW_USER_PASSWORD_AUTH"]
        client = aws.create_user_pool_client(
            UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=flows, GenerateSecret=True
        )["UserPoolClient"]
        monkeypatch.setenv("COGNITO_CLIENT_ID", client["ClientId"])
        monkeypatch.setenv("COGNITO_CLIENT_SECRET", "env:THE_SECRET")
        monkeypatch.setenv("THE_SECRET", client["ClientSecret"])
        return pool_id, AppClient(client["ClientId"], client["ClientSecret"], pool_id)

    @staticmethod
    def rows(tmp_path):
        return [row.account for row in credentials.read(CsvDataSet(str(tmp_path / "users.dev.csv"))).rows]

    def test_each_account_gets_an_app_that_it_can_sign_in_with(self, site, provision, sandbox, tmp_path):
        code, out, err = provision("create", "--count", 3, "--totp")
        assert (code, err) == (EXIT.PASSED, "")
        accounts = self.rows(tmp_path)
        assert len({account.totp_secret for account in accounts}) == 3
        assert not [account for account in accounts if account.totp_secret in out or account.password in out]
        for account in accounts[:1]:
            answer = challenge_of(sandbox, site[1], account)
            assert answer["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
            assert answers_to(sandbox, site[1], account, answer)
        before = (tmp_path / "users.dev.csv").read_text()
        assert "3 of 3 accounts are ready" in provision("create", "--count", 3, "--totp")[1]
        assert (tmp_path / "users.dev.csv").read_text() == before

    def test_accounts_that_have_none_get_one_and_an_app_whose_secret_was_lost_is_replaced(
        self, site, provision, sandbox, tmp_path
    ):
        """As after an interrupt between Cognito's answer and the file."""
        assert provision("create", "--count", 2)[0] == EXIT.PASSED
        assert provision("create", "--count", 2, "--totp")[0] == EXIT.PASSED
        lost, kept = self.rows(tmp_path)
        write(tmp_path / "users.dev.csv", {account.username: account.password for account in (lost, kept)})
        assert provision("create", "--count", 2, "--totp")[0] == EXIT.PASSED
        found, _ = self.rows(tmp_path)
        assert found.password == lost.password
        assert found.totp_secret != lost.totp_secret
        assert answers_to(sandbox, site[1], found, challenge_of(sandbox, site[1], found))


def challenge_of(sandbox, client, account):
    """What is asked after the password."""
    parameters = {"USERNAME": account.username, "PASSWORD": account.password}
    hashed = {"SECRET_HASH": secret_hash(client, account.username)}
    return public(sandbox).initiate_auth(
        ClientId=client.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={**parameters, **hashed}
    )


def answers_to(sandbox, client, account, asked):
    """Whether the next code of the account's app is taken; the one of its enrolment is used up."""
    responses = {
        "USERNAME": account.username,
        "SOFTWARE_TOKEN_MFA_CODE": pyotp.TOTP(account.totp_secret).at(time.time() + 30),
        "SECRET_HASH": secret_hash(client, account.username),
    }
    done = public(sandbox).respond_to_auth_challenge(
        ClientId=client.client_id,
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=asked["Session"],
        ChallengeResponses=responses,
    )
    return "AuthenticationResult" in done


def public(sandbox):
    """boto3 without keys, as a user has it."""
    config = Config(signature_version=UNSIGNED)
    return boto3.session.Session().client(
        "cognito-idp", endpoint_url=sandbox.endpoint, region_name=sandbox.region, config=config
    )


def test_apps_need_a_client_to_sign_in_by(make_pool, provision):
    make_pool()
    code, _, err = provision("create", "--count", 1, "--totp")
    assert code == EXIT.CONFIGURATION
    assert "no app client is set" in err
    assert "--cognito-client-id" in err


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal_without_colour_the_bar_fits_and_in_a_log_there_is_none(make_pool, columns):
    """`NO_COLOR`, a narrow window, and a pipe: each as whoever reads it expects."""
    make_pool()
    command = [sys.executable, "-m", "harness.cli.main", "provision"]
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment |= {"NO_COLOR": "1", "TERM": "xterm", "PYTHONPATH": str(USERS_CSV.parent)}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        [*command, "create", "--count", "12", "--rate", "50"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=far,
        text=True,
    ) as created:
        os.close(far)
        shown = b""
        with suppress(OSError):  # the last to hold the terminal has gone
            while more := os.read(near, 65_536):
                shown += more
        os.close(near)
        assert created.stdout.read().endswith("12 accounts created; users.dev.csv holds 12 accounts.\n")
    drawn = shown.decode()
    assert "12/12" in drawn
    assert not re.search("\x1b\\[[0-9;]*m", drawn.replace("\x1b[0m", "")), "colours"
    lines = re.split("[\r\n]+", re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", drawn))
    assert max(map(len, lines)) <= columns
    piped = subprocess.run([*command, "check"], env=environment, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stderr) == (EXIT.PASSED, "")
    assert "\x1b" not in piped.stdout
    assert max(map(len, piped.stdout.splitlines())) <= 80


def test_interrupted_and_killed_at_random_moments_it_goes_on_without_duplicates(make_pool, aws, sandbox, tmp_path):
    """The file is whole at every moment; in the end every account is there once and can sign in."""
    pool_id = make_pool()
    chance = random.Random(next(NUMBERS))  # noqa: S311  # moments, not secrets
    command = [sys.executable, "-m", "harness.cli.main", "provision", "create", "--count", "100", "--rate", "45"]
    file = tmp_path / "users.dev.csv"
    begun = 0
    for end in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wanted = begun + chance.randint(3, 20)
        deadline = time.monotonic() + 60
        while len(names_of(aws, pool_id)) < wanted and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(end)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        begun = len(names_of(aws, pool_id))
        assert begun < 100
        if end != signal.SIGKILL:
            assert process.returncode == EXIT.FAILED
            assert "run the same command again" in err
            assert len(accounts(file)) <= begun, out  # a call that was on its way made an account that is not written
        if file.exists():
            assert set(accounts(file)) <= set(names_of(aws, pool_id))
    last = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert "holds 100 accounts" in last.stdout
    made = accounts(file)
    assert sorted(names_of(aws, pool_id)) == sorted(made) == [f"load-{number:05d}" for number in range(1, 101)]
    for name in chance.sample(sorted(made), 5):
        assert can_sign_in(aws, pool_id, name, made[name])
    assert [child.name for child in tmp_path.iterdir()] == ["users.dev.csv"]


def test_an_account_of_somebody_else_is_left_alone(make_pool, provision, aws, tmp_path):
    pool_id = make_pool()
    aws.admin_create_user(UserPoolId=pool_id, Username="load-00002")
    code, out, _ = provision("create", "--count", 3, "--rate", 50)
    assert code == EXIT.FAILED
    assert "Left alone, because they were not made here: load-00002" in out
    assert sorted(accounts(tmp_path / "users.dev.csv")) == ["load-00001", "load-00003"]
    assert aws.admin_get_user(UserPoolId=pool_id, Username="load-00002")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert "2 accounts deleted" in provision("delete")[1]
    assert names_of(aws, pool_id) == ["load-00002"]
    assert not (tmp_path / "users.dev.csv").exists()


def test_the_state_of_each_account_is_told_and_mended(make_pool, provision, aws, tmp_path):
    pool_id = make_pool()
    provision("create", "--count", 4, "--rate", 50)
    before = accounts(tmp_path / "users.dev.csv")
    aws.admin_disable_user(UserPoolId=pool_id, Username="load-00001")
    aws.admin_delete_user(UserPoolId=pool_id, Username="load-00002")
    code, out, _ = provision("check")
    assert code == EXIT.FAILED
    for line in ("2  CONFIRMED", "1  disabled", "not ready: load-00001", "not in the pool: load-00002"):
        assert line in out
    assert provision("create", "--count", 4, "--rate", 50)[0] == EXIT.PASSED
    assert can_sign_in(aws, pool_id, "load-00002", before["load-00002"]), "its password in the file is kept"
    assert "4 accounts given new passwords" in provision("reset-passwords", "--rate", 50)[1]
    after = accounts(tmp_path / "users.dev.csv")
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert can_sign_in(aws, pool_id, "load-00003", after["load-00003"])
    told = str([provision("check"), provision("delete")])
    assert not any(password in told for password in (*before.values(), *after.values()))


def test_only_the_accounts_that_a_file_names_get_new_passwords(make_pool, provision, aws, tmp_path):
    """Those that are disabled or are not ours are left alone, and said so."""
    pool_id = make_pool()
    provision("create", "--count", 4, "--rate", 50)
    before = accounts(tmp_path / "users.dev.csv")
    aws.admin_disable_user(UserPoolId=pool_id, Username="load-00002")
    names = ("load-00001", "load-00002", "stranger", "load-00004")
    (tmp_path / "rejected.csv").write_text("username,line,error,reason\n" + "".join(f"{n},2,X,y\n" for n in names))
    code, out, _ = provision("reset-passwords", "--users", "rejected.csv", "--prefix", "other-")
    assert code == EXIT.FAILED, "not all of them could get one"
    assert "2 accounts given new passwords" in out
    assert "not in the pool: stranger" in out
    assert "disabled, which no password changes: load-00002" in out
    after = accounts(tmp_path / "users.dev.csv")
    assert {name for name in after if after[name] != before[name]} == {"load-00001", "load-00004"}
    assert can_sign_in(aws, pool_id, "load-00004", after["load-00004"])


def test_a_reference_is_never_taken_for_a_password(make_pool, provision, aws, tmp_path):
    pool_id = make_pool()
    (tmp_path / "users.dev.csv").write_text("username,password\nload-00001,keyring:load/1\nmine,ssm:/mine\n")
    assert provision("create", "--count", 1)[0] == EXIT.PASSED
    made = accounts(tmp_path / "users.dev.csv")
    assert made["mine"] == "ssm:/mine"
    assert not made["load-00001"].startswith("keyring:")
    assert can_sign_in(aws, pool_id, "load-00001", made["load-00001"])


def test_a_pool_with_sign_in_by_e_mail_gets_addresses(make_pool, provision, aws, tmp_path):
    pool_id = make_pool(UsernameAttributes=["email"])
    assert provision("create", "--count", 2, "--rate", 50)[0] == EXIT.PASSED
    made = accounts(tmp_path / "users.dev.csv")
    assert sorted(made) == ["load-00001@example.net", "load-00002@example.net"]
    assert can_sign_in(aws, pool_id, "load-00001@example.net", made["load-00001@example.net"])
    assert "2 of 2 accounts are ready" in provision("create", "--count", 2)[1]
    assert provision("check")[0] == EXIT.PASSED


@pytest.mark.parametrize("command", [("create", "--count", 5), ("reset-passwords",), ("delete",)])
def test_a_dry_run_does_nothing(make_pool, provision, aws, tmp_path, command):
    pool_id = make_pool()
    provision("create", "--count", 1, "--rate", 50)
    before = accounts(tmp_path / "users.dev.csv")
    code, out, _ = provision(*command, "--dry-run")
    assert (code, "Dry run: would" in out) == (EXIT.PASSED, True)
    assert (names_of(aws, pool_id), accounts(tmp_path / "users.dev.csv")) == (["load-00001"], before)


class Nobody:
    """A pool without accounts, in which nothing may be made."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was called")


def test_against_aws_it_tells_the_cost_and_asks_first(tmp_path, monkeypatch, capsys):
    arguments = build_parser("provision").parse_args(["create", "--count", "2"])
    site = Site(
        arguments,
        Settings(user_pool_id="eu-west-1_abc"),
        Nobody(),
        Description("dev", 0, "PLUS", signs_in_by_email=False),
        {},
        AccountsFile(tmp_path / "users.dev.csv", {}, time.monotonic),
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes"))
    with pytest.raises(
        ConfigurationError, match=r"Create 2 accounts in pool dev .*: nobody can be asked here"
    ) as caught:
        arguments.run(site)
    assert "--yes" in str(caught.value)
    assert "Cost: 2 monthly active users on Plus: up to $0.04 a month" in capsys.readouterr().out


def test_all_faults_are_told_at_once(make_pool, provision, monkeypatch, tmp_path):
    make_pool()
    monkeypatch.delenv("COGNITO_USER_POOL_ID")
    (tmp_path / "users.dev.csv").write_text("username,password,tenant\na,canary,b\n")
    code, _, err = provision("create", "--count", 2)
    assert code == EXIT.CONFIGURATION
    for text in ("no user pool is set", "no region is known", "other columns"):
        assert text in err
    assert "canary" not in err


@pytest.mark.parametrize(
    ("changes", "arguments", "remedy"),
    [
        ({"COGNITO_USER_POOL_ID": "us-east-1_nowhere"}, (), "Check --cognito-user-pool-id"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, (), "Check the AWS credentials"),
        ({}, ("--group", "nobody"), "--group"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, (), "no AWS credentials were found"),
    ],
)
def test_a_refusal_is_told_with_its_remedy(make_pool, provision, monkeypatch, tmp_path, changes, arguments, remedy):
    make_pool()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    code, _, err = provision("create", "--count", 2, *arguments)
    assert code in (EXIT.CONFIGURATION, EXIT.FAILED)
    assert remedy in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--count", "0"),
        ("create", "--count", "1", "--rate", "0"),
        ("create", "--count", "1", "--prefix", "a b"),
        ("create", "--count", "1", "--attribute", "family_name=x"),
        ("create", "--count", "1", "--attribute", "x"),
    ],
)
def test_what_makes_no_sense_is_an_error_of_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["provision", *arguments])
    assert caught.value.code == EXIT.USAGE


@pytest.mark.parametrize("command", ["create", "check", "reset-passwords", "delete"])
def test_the_example_of_each_help_works(make_pool, provision, capsys, command):
    make_pool()
    with pytest.raises(SystemExit):
        main(["provision", command, "--help"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("example: "))
    words = line.removeprefix("example: cognito-load provision ").split()
    dry = [] if command == "check" else ["--dry-run"]
    assert provision(*words, *dry)[0] == EXIT.PASSED
