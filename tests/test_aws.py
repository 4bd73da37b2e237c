"""The AWS credential chain at the edge: botocore's own chain, pointed at files of the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import botocore.exceptions
import pytest
from botocore.credentials import ReadOnlyCredentials

from harness.aws import RECHECK_S, ChainKeys, FileKeys, endpoint_url, find_keys, keys_for, profile_region
from harness.cognito.signing import AwsKeys
from harness.errors import ConfigurationError

SECRET = "secret-4711-abcdefgh"


@pytest.fixture(autouse=True)
def aws_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """A machine without any AWS configuration; call it with the texts of `config` and `credentials`."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    def write(config: str, credentials: str) -> None:
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)

    return write


class TestFindKeys:
    def test_a_machine_without_credentials_has_no_keys(self) -> None:
        assert find_keys() is None

    def test_keys_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "session")

        keys = find_keys()

        assert keys is not None
        assert keys.name == "env"
        assert keys.current() == AwsKeys("AKIAENV", SECRET, "session")

    def test_keys_of_a_profile(self, aws_files: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
        aws_files("", f"[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = {SECRET}\n")
        monkeypatch.setenv("AWS_PROFILE", "dev")

        keys = find_keys()

        assert keys is not None
        assert keys.name == "shared-credentials-file"
        assert keys.current() == AwsKeys("AKIADEV", SECRET)

    def test_a_profile_that_does_not_exist_is_a_fault(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")

        with pytest.raises(ConfigurationError, match="nobody") as caught:
            find_keys()
        assert "AWS_PROFILE" in caught.value.problems[0].hint

    def test_half_a_pair_of_keys_is_a_fault_without_the_half(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAHALF")

        with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY") as caught:
            find_keys()
        assert "AKIAHALF" not in str(caught.value)


@dataclass
class Chain:
    """A credential chain whose keys the test changes, and which may be broken."""

    keys: tuple[str, str, str | None] = ("AKIA1", SECRET, None)
    broken: Exception | None = None
    asked: int = 0
    method: str = "assume-role"
    now_s: float = field(default=0.0)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self.asked += 1
        if self.broken is not None:
            raise self.broken
        return ReadOnlyCredentials(*self.keys)


class TestChainKeys:
    def test_the_chain_is_not_asked_for_every_signature(self) -> None:
        chain = Chain()
        keys = ChainKeys(chain, now=lambda: chain.now_s)

        first = keys.current()
        chain.now_s += RECHECK_S - 1
        assert keys.current() is first
        assert chain.asked == 1

    def test_the_same_keys_stay_the_same_object(self) -> None:
        """Whoever signs makes a new signer only when the keys have changed."""
        chain = Chain()
        keys = ChainKeys(chain, now=lambda: chain.now_s)

        first = keys.current()
        chain.now_s += RECHECK_S
        assert keys.current() is first
        assert chain.asked == 2

    def test_renewed_keys_are_taken_up(self) -> None:
        chain = Chain()
        keys = ChainKeys(chain, now=lambda: chain.now_s)
        keys.current()

        chain.keys = ("AKIA2", SECRET, "session")
        chain.now_s += RECHECK_S

        assert keys.current() == AwsKeys("AKIA2", SECRET, "session")
        assert keys.name == "assume-role"

    @pytest.mark.parametrize(
        "broken",
        [
            botocore.exceptions.UnauthorizedSSOTokenError(),
            botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": SECRET}}, "AssumeRole"),
            RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_keys_that_cannot_be_renewed_are_a_fault_that_quotes_nothing(self, broken: Exception) -> None:
        chain = Chain(broken=broken)

        with pytest.raises(ConfigurationError, match=type(broken).__name__) as caught:
            ChainKeys(chain).current()
        assert SECRET not in str(caught.value)

    def test_a_fault_is_not_remembered(self) -> None:
        """Somebody logs in again by `aws sso login` while the test runs."""
        chain = Chain(broken=botocore.exceptions.UnauthorizedSSOTokenError())
        keys = ChainKeys(chain, now=lambda: chain.now_s)
        with pytest.raises(ConfigurationError):
            keys.current()

        chain.broken = None
        assert keys.current().access_key_id == "AKIA1"

    def test_no_secret_is_in_a_repr(self) -> None:
        assert SECRET not in repr(ChainKeys(Chain()).current())


class TestFileKeys:
    def write(self, path: Path, text: str, mode: int = 0o600) -> str:
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    @pytest.mark.parametrize("token", ["", "session"])
    def test_the_sandboxs_keys_are_read(self, tmp_path: Path, token: str) -> None:
        found = {"access_key_id": "AKIASANDBOX", "secret_access_key": SECRET}
        found |= {"session_token": token} if token else {}
        keys = FileKeys(self.write(tmp_path / "keys.json", json.dumps(found)))

        assert keys.current() == AwsKeys("AKIASANDBOX", SECRET, token)
        assert keys.current() is keys.current()
        assert keys.name == "sandbox"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = self.write(tmp_path / "keys.json", "{}", mode)
        with pytest.raises(ConfigurationError, match="can be read by others") as caught:
            FileKeys(path)
        assert caught.value.problems[0].hint == f"Run: chmod 600 {path}"

    def test_a_worker_that_has_no_such_file_says_what_is_the_matter(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="No such file") as caught:
            FileKeys(str(tmp_path / "elsewhere.json"))
        assert "master's machine" in caught.value.problems[0].hint

    @pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"access_key_id": "AKIA"}', "null"])
    def test_a_file_without_keys_is_a_fault(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ConfigurationError, match="does not hold the sandbox's keys"):
            FileKeys(self.write(tmp_path / "keys.json", text))


class TestRegion:
    def test_without_any_configuration_there_is_no_region(self) -> None:
        assert profile_region() == ""

    def test_the_profiles_region(self, aws_files: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
        aws_files("[profile dev]\nregion = eu-central-1\n", "")
        monkeypatch.setenv("AWS_PROFILE", "dev")
        assert profile_region() == "eu-central-1"

    @pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    def test_the_environments_region(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "eu-north-1")
        assert profile_region() == "eu-north-1"

    def test_a_broken_profile_has_no_region(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        assert profile_region() == ""

    @pytest.mark.parametrize(
        ("region", "url"),
        [
            ("eu-west-1", "https://cognito-idp.eu-west-1.amazonaws.com"),
            ("cn-north-1", "https://cognito-idp.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "https://cognito-idp.us-gov-west-1.amazonaws.com"),
            ("xx-nowhere-9", "https://cognito-idp.xx-nowhere-9.amazonaws.com"),  # newer than the installed botocore
        ],
    )
    def test_endpoints_of_all_partitions(self, region: str, url: str) -> None:
        assert endpoint_url(region) == url

    def test_a_fips_endpoint_where_the_environment_asks_for_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        assert endpoint_url("us-east-1") == "https://cognito-idp-fips.us-east-1.amazonaws.com"

    def test_passwords_do_not_follow_a_forgotten_endpoint_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localstack.example.com:4566")
        assert endpoint_url("us-east-1") == "https://cognito-idp.us-east-1.amazonaws.com"

    def test_a_broken_profile_is_a_fault_of_the_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(ConfigurationError, match="nobody"):
            endpoint_url("us-east-1")

    def test_an_impossible_region_is_a_fault_of_the_configuration(self) -> None:
        with pytest.raises(ConfigurationError, match="not known"):
            endpoint_url("no region")


class TestKeysFor:
    @pytest.mark.parametrize("sign", ["auto", "always"])
    def test_keys_that_are_found_sign(self, monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        keys = keys_for(sign)
        assert keys is not None
        assert keys.current().access_key_id == "AKIAENV"

    def test_without_keys_auto_leaves_calls_unsigned(self) -> None:
        assert keys_for("auto") is None

    def test_without_keys_always_is_a_fault(self) -> None:
        with pytest.raises(ConfigurationError, match="must be signed"):
            keys_for("always")

    def test_never_does_not_even_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        assert keys_for("never", "/no/such/file") is None

    def test_keys_that_cannot_be_used_are_found_out_before_the_load(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(ConfigurationError):
            keys_for("auto")

    def test_the_sandboxs_keys_come_from_their_file(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps({"access_key_id": "AKIASANDBOX", "secret_access_key": SECRET}))
        path.chmod(0o600)
        keys = keys_for("auto", str(path))
        assert keys is not None
        assert keys.current().access_key_id == "AKIASANDBOX"
