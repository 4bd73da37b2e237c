"""boto3 at the edge: the credential chain, the profile's region, Cognito's endpoints.

Nothing here runs on the hot path: a login takes the keys that `KeySource.current()` last saw.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
import botocore.exceptions
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from harness.cognito.signing import AwsKeys
from harness.cognito.wire import SERVICE
from harness.errors import ConfigurationError, Problem

RECHECK_S: Final = 30.0
"""How long keys are used before the chain is asked again. botocore renews temporary keys 10 to 15 minutes early."""

GIVE: Final = "Give the AWS chain some: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, SSO or a role."

_UNUSABLE: Final = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, RuntimeError)
"""What a credential chain raises: its own faults, STS's refusals, and a plain RuntimeError for keys that are still
expired after they were renewed."""


class KeySource(Protocol):
    """Where AWS keys come from."""

    @property
    def name(self) -> str:
        """The source's name (`env`, `sso`, `assume-role`, `sandbox`), for people."""

    def current(self) -> AwsKeys:
        """Keys that are good now."""


class ChainKeys:
    """Keys of boto3's credential chain: environment, profile, SSO, assumed role, container, instance.

    Not for several threads at once; greenlets are fine.
    """

    def __init__(self, chain: _Refreshable, *, now: Callable[[], float] = time.monotonic) -> None:
        self._chain = chain
        self._now = now
        self._keys: AwsKeys | None = None
        self._good_until = 0.0

    @property
    def name(self) -> str:
        """The name of the provider, in botocore's words, that had the keys."""
        return str(self._chain.method)

    def expires_at(self) -> datetime | None:
        """When the keys of now run out; None for permanent ones, and where botocore does not say."""
        expiry = getattr(self._chain, "_expiry_time", None)  # botocore has no public name for it
        return expiry if isinstance(expiry, datetime) else None

    def current(self) -> AwsKeys:
        """Keys that are good now; botocore renews temporary ones before they expire.

        Raises:
            ConfigurationError: Temporary keys could not be renewed (an expired SSO session, say).
        """
        if self._keys is not None and self._now() < self._good_until:
            return self._keys
        try:
            frozen = self._chain.get_frozen_credentials()
        except _UNUSABLE as error:
            raise ConfigurationError([_unusable(type(error).__name__)]) from error
        keys = AwsKeys(str(frozen.access_key or ""), str(frozen.secret_key or ""), str(frozen.token or ""))
        if keys != self._keys:
            self._keys = keys
        self._good_until = self._now() + RECHECK_S
        return self._keys or keys


class FileKeys:
    """The sandbox's keys, from a file that only its owner can read."""

    def __init__(self, path: str) -> None:
        """Read the file.

        Raises:
            ConfigurationError: The file cannot be read, is open to others, or holds no keys.
        """
        self._keys = _read_keys(Path(path))

    name = "sandbox"

    def current(self) -> AwsKeys:
        """The keys; they never change."""
        return self._keys


def keys_for(sign: str, sandbox_keys: str = "") -> KeySource | None:
    """The keys that calls are signed with; None when they are not signed.

    Args:
        sign: `auto`, `always` or `never`, as --cognito-sign.
        sandbox_keys: The file with the sandbox's keys; empty for the credential chain.

    Raises:
        ConfigurationError: Keys were found that cannot be used, or none though calls must be signed.
    """
    if sign == "never":
        return None
    if sandbox_keys:
        return FileKeys(sandbox_keys)
    keys = find_keys()
    if keys is not None:
        keys.current()
    elif sign == "always":
        raise ConfigurationError(
            [
                Problem(
                    "calls must be signed (--cognito-sign always), but no AWS credentials were found",
                    GIVE,
                )
            ]
        )
    return keys


def find_keys() -> ChainKeys | None:
    """Keys of boto3's credential chain, or None when no provider has any.

    Raises:
        ConfigurationError: A provider was found, but is broken (a profile that does not exist, say).
    """
    try:
        chain = boto3.Session().get_credentials()
    except _UNUSABLE as error:
        raise ConfigurationError([_unusable(str(error))]) from error
    return ChainKeys(chain) if chain is not None else None


def profile_region() -> str:
    """The region of AWS_REGION, AWS_DEFAULT_REGION or the profile; empty when there is none.

    AWS's other SDKs and its command line read AWS_REGION first; boto3 does not know it.
    """
    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name or ""
    except botocore.exceptions.BotoCoreError:
        return ""  # the credential chain reports a broken profile


def endpoint_url(region: str) -> str:
    """Cognito's public endpoint in `region`, by botocore's own rules: partitions, AWS_USE_FIPS_ENDPOINT.

    Endpoints from AWS_ENDPOINT_URL and the like are not followed: passwords go elsewhere by --cognito-endpoint only.

    Raises:
        ConfigurationError: The AWS profile is broken, or botocore knows no endpoint there.
    """
    try:
        client = botocore.session.Session().create_client(
            SERVICE,
            region_name=region,
            config=Config(signature_version=UNSIGNED, ignore_configured_endpoint_urls=True),  # type: ignore[call-arg]  # the stubs lack it
        )
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            [Problem(f"Cognito's endpoint in {region} is not known: {error}", "Set --cognito-endpoint.")]
        ) from error
    return str(client.meta.endpoint_url)


def administrator(
    region: str, *, endpoint: str = "", ca_bundle: str = "", sandbox_keys: str = "", connections: int = 10
) -> Any:  # noqa: ANN401  # boto3's client
    """A boto3 client of Cognito for administration, which tries again what was throttled: nothing is measured by it.

    Args:
        region: Of the pool.
        endpoint: Instead of AWS's.
        ca_bundle: PEM file of the CAs to trust; empty for the system's.
        sandbox_keys: The file with the sandbox's keys; empty for the credential chain.
        connections: At most so many calls at a time.

    Raises:
        ConfigurationError: There are no credentials, or they cannot be used.
    """
    keys = FileKeys(sandbox_keys).current() if sandbox_keys else None
    if keys is None:
        chain = find_keys()
        if chain is None:
            raise ConfigurationError(
                [Problem("no AWS credentials were found, and only administrators may do this", GIVE)]
            )
        chain.current()
    own = (
        {
            "aws_access_key_id": keys.access_key_id,
            "aws_secret_access_key": keys.secret_access_key,
            "aws_session_token": keys.session_token or None,
        }
        if keys
        else {}
    )
    config = Config(
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 6},
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # the stubs lack it
    )
    session: Any = boto3.Session()  # its stubs take no optional arguments by name
    try:
        return session.client(
            SERVICE,
            region_name=region,
            endpoint_url=endpoint or endpoint_url(region),
            verify=ca_bundle or None,
            config=config,
            **own,
        )
    except _UNUSABLE as error:
        raise ConfigurationError([_unusable(str(error))]) from error


class _Refreshable(Protocol):
    method: str

    def get_frozen_credentials(self) -> _Frozen: ...


class _Frozen(Protocol):
    @property
    def access_key(self) -> str | None: ...
    @property
    def secret_key(self) -> str | None: ...
    @property
    def token(self) -> str | None: ...


def _read_keys(path: Path) -> AwsKeys:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(
                [Problem(f"the sandbox's keys in {path} can be read by others", f"Run: chmod 600 {path}")]
            )
        found = json.loads(path.read_text())
        return AwsKeys(found["access_key_id"], found["secret_access_key"], found.get("session_token", ""))
    except OSError as error:
        raise ConfigurationError(
            [
                Problem(
                    f"the sandbox's keys in {path} cannot be read here: {error.strerror}",
                    "A worker on another machine cannot use the sandbox: run all workers on the master's machine.",
                )
            ]
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            [Problem(f"{path} does not hold the sandbox's keys", "Start the sandbox anew.")]
        ) from error


def _unusable(why: str) -> Problem:
    return Problem(
        f"AWS credentials were found but cannot be used: {why}",
        "Check AWS_PROFILE and the credential files, log in again with `aws sso login`, or use --cognito-sign never.",
    )
