"""AWS services by an independent stand-in: moto, as a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import boto3
import pytest

from harness.cli.main import main
from harness.credentials import CsvDataSet, read
from harness.errors import EXIT, ConfigurationError
from harness.vault import unlock

pytestmark = pytest.mark.peers

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            urlopen(f"{url}/moto-api/data.json", timeout=5).close()  # noqa: S310  # its own loopback URL
            break
        except OSError:
            assert server.poll() is None, "moto ended"
            assert time.monotonic() < deadline, "moto says nothing"
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(60)


@pytest.fixture
def on_moto(moto, monkeypatch):
    """This process as a user of moto's AWS; makes clients of it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": moto}.items():
        monkeypatch.setenv(name, value)
    return lambda service: boto3.session.Session().client(service, region_name=REGION)


def test_parameters_and_secrets_are_found_and_every_failure_is_told(on_moto):
    ssm, secrets_manager = on_moto("ssm"), on_moto("secretsmanager")
    for number in range(100):
        ssm.put_parameter(Name=f"/load/{number}", Value=f"Canary-{number}", Type="SecureString")
    secrets_manager.create_secret(Name="load/users", SecretString=json.dumps({"alice": "Canary-a", "bob": "Canary-b"}))
    secrets_manager.create_secret(Name="load/client", SecretString="Canary-client")
    secrets_manager.create_secret(Name="load/binary", SecretBinary=b"Canary")
    given = [(f"row {number}", f"ssm:/load/{number}") for number in range(100)]
    given += [("a", "secretsmanager:load/users#alice"), ("b", "secretsmanager:load/client")]
    secrets = unlock(given, {}, region=REGION)
    assert len(secrets) == 102
    assert secrets["ssm:/load/42"] == "Canary-42"
    assert secrets["secretsmanager:load/users#alice"] == "Canary-a"
    assert secrets["secretsmanager:load/client"] == "Canary-client"

    wrong = [
        "ssm:/load/none",
        "secretsmanager:load/none",
        "secretsmanager:load/users#carol",
        "secretsmanager:load/binary",
    ]
    with pytest.raises(ConfigurationError) as caught:
        unlock([*given, *(("row", text) for text in wrong)], {}, region=REGION)
    told = str(caught.value)
    assert [text for text in wrong if text in told] == wrong
    for reason in ("ParameterNotFound", "ResourceNotFoundException", "no text under 'carol'", "binary"):
        assert reason in told
    assert "Canary" not in told


def test_without_a_region_the_remedy_is_one(on_moto, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="no region is known"):
        unlock([("password", "ssm:/load/1")], {})


def test_accounts_are_provisioned_there_too(on_moto, moto, monkeypatch, tmp_path, capsys):
    """Moto checks no signature, has no quota and knows no SRP; what provisioning needs of Cognito it has."""
    aws = on_moto("cognito-idp")
    pool_id = aws.create_user_pool(PoolName="dev")["UserPool"]["Id"]
    client = aws.create_user_pool_client(
        UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    aws.create_group(UserPoolId=pool_id, GroupName="testers")
    aws.admin_create_user(UserPoolId=pool_id, Username="load-00003")
    monkeypatch.setenv("COGNITO_ENDPOINT", moto)
    monkeypatch.setenv("COGNITO_USER_POOL_ID", pool_id)
    out = tmp_path / "users.dev.csv"
    create = ["provision", "create", "--count", "70", "--rate", "200", "--group", "testers", "--out", str(out)]
    assert main(create) == EXIT.FAILED
    assert "Left alone, because they were not made here: load-00003" in capsys.readouterr().out
    made = {row.account.username: row.account.password for row in read(CsvDataSet(str(out))).rows}
    assert len(made) == 69
    answer = aws.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "load-00070", "PASSWORD": made["load-00070"]},
    )
    assert "AccessToken" in answer["AuthenticationResult"]
    groups = aws.admin_list_groups_for_user(UserPoolId=pool_id, Username="load-00070")["Groups"]
    assert [group["GroupName"] for group in groups] == ["testers"]
    assert main(["provision", "check", "--out", str(out)]) == EXIT.PASSED
    assert main(["provision", "delete", "--rate", "200", "--out", str(out)]) == EXIT.PASSED
    assert [user["Username"] for user in aws.list_users(UserPoolId=pool_id)["Users"]] == ["load-00003"]
    told = "".join(capsys.readouterr())
    assert not any(password in told for password in made.values())


def test_the_doctor_examines_a_pool_of_moto_s(on_moto, moto, monkeypatch, capsys, tmp_path):
    """As on the sandbox: each account's state, production, an unknown client; moto's STS says whose keys these are."""
    cognito = on_moto("cognito-idp")
    pool = cognito.create_user_pool(PoolName="staging", UserPoolTags={"stage": "prod"})["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="load", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    for name, is_permanent in (("alice", True), ("bob", False)):
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password="Canary-1!", Permanent=is_permanent)
    users = tmp_path / "users.csv"
    users.write_text("username,password\nalice,Canary-1!\nbob,Canary-1!\ncarol,Canary-1!\n")
    environ = {"ENDPOINT": moto, "USER_POOL_ID": pool, "USERS": str(users)}
    for name, value in environ.items():
        monkeypatch.setenv(f"COGNITO_{name}", value)

    def examine(client_id):
        code = main(["doctor", "--json", "--cognito-client-id", client_id])
        found = json.loads(capsys.readouterr().out)["findings"]
        assert "Canary" not in str(found)
        return code, {finding["check"]: finding["message"] for finding in found if finding["state"] == "fault"}, found

    code, faults, found = examine(client)
    assert code == EXIT.CONFIGURATION
    assert list(faults) == ["login, line 3", "login, line 4", "production"], faults
    assert "NEW_PASSWORD_REQUIRED" in faults["login, line 3"]
    assert "UserNotFoundException" in faults["login, line 4"]
    assert [one["message"] for one in found if one["check"] == "AWS identity"] == [
        "arn:aws:sts::123456789012:user/moto"
    ]

    _, faults, _ = examine("nosuchclient")
    assert faults["client id"] == "ResourceNotFoundException: nosuchclient"
