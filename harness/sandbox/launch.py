"""A sandbox made of its options: every part built once, here, and handed to those that need it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent

from harness.errors import ConfigurationError, Problem
from harness.sandbox.checks.model import ServiceModel
from harness.sandbox.checks.signature import AccessKey, SignatureCheck
from harness.sandbox.endpoints.bearer_check import TOKEN_USES, BearerCheck
from harness.sandbox.endpoints.cognito import Doors, Service
from harness.sandbox.endpoints.control import Control
from harness.sandbox.endpoints.incidents import Incidents
from harness.sandbox.endpoints.protected_api import Api
from harness.sandbox.endpoints.router import Application
from harness.sandbox.endpoints.sts import Sts
from harness.sandbox.endpoints.token_endpoint import TokenEndpoint
from harness.sandbox.faults.standing import Faults
from harness.sandbox.operations.table import operations
from harness.sandbox.options import AWS_SHORTEST_LIFE_S, DEFAULT_LIFE_S, DEVICES, Options
from harness.sandbox.request_counts import Counts
from harness.sandbox.sample_accounts import Account
from harness.sandbox.state.batch_signer import BatchSigner
from harness.sandbox.state.clock import ALPHANUMERIC, Chance, Clock, Skew
from harness.sandbox.state.device import Device
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Client, Directory, Pool, TokenLives
from harness.sandbox.state.quota import Quotas
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.srp import enrol
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.totp import Authenticator

POOL_NAME = "sandbox"
REFRESH_FLOW = "ALLOW_REFRESH_TOKEN_AUTH"
"""What a client that rotates refresh tokens cannot allow."""
FLOWS = (
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_CUSTOM_AUTH",
    REFRESH_FLOW,
)
SIGNED_ON_DEMAND = frozenset({"InitiateAuth"})
CONTROL_TOKEN_LENGTH = 32
KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client has to know to use this sandbox, and what `--resume` brings back."""

    region: str
    user_pool_id: str
    client_id: str
    access_key: AccessKey
    control_token: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, str]:
        """The part of the ready line that is about it."""
        key = self.access_key
        optional = {"session_token": key.session_token, "client_secret": self.client_secret}
        return {
            "region": self.region,
            "user_pool_id": self.user_pool_id,
            "client_id": self.client_id,
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
            "control_token": self.control_token,
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything that a server needs, and what it should tell."""

    application: Application
    identity: Identity
    issuer: str
    counts: Counts
    control: Control
    wall: Callable[[], float]
    """What time it is here, which a fault can put wrong."""


def assemble(
    options: Options,
    accounts: Iterable[Account],
    *,
    pause: Callable[[], None],
    wait: Callable[[float], None] = gevent.sleep,
    let_others_run: Callable[[], None] = gevent.sleep,
    clock: Clock | None = None,
    chance: Chance | None = None,
    resumed: Mapping[str, Any] | None = None,
) -> Sandbox:
    """A sandbox that waits for its server.

    Args:
        options: What it is like.
        accounts: The users of its pool.
        pause: Waits for the latency, without holding up others.
        wait: Waits for the delay of a fault, likewise.
        let_others_run: Returns when everybody who is ready has had their turn.
        clock: What time it is.
        chance: Where identifiers and secrets come from.
        resumed: The ready line of the sandbox that it continues.
    """
    given, chance = clock or Clock(), chance or Chance()
    skew = Skew(given.wall)
    clock = Clock(skew.wall, given.monotonic)
    directory = Directory(options.region, clock, chance)
    identity = _identity(options, directory, resumed or {})
    pool = directory.add_pool(POOL_NAME, identity.user_pool_id)
    _add_resource_servers(pool, options.scopes)
    if options.devices:
        on_request = DEVICES[options.devices]
        tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": on_request}
        pool.settings = {**pool.settings, "DeviceConfiguration": tracking}
    directory.add_client(_client(options, identity, clock.wall()))
    _populate(pool, directory, accounts)
    counts, faults, life_s = Counts(), Faults(clock.monotonic, wait), options.access_token_life_s
    quotas = Quotas(
        clock.monotonic,
        user_authentication=options.user_authentication_quota,
        user_creation=options.user_creation_quota,
        client_authentication=options.client_authentication_quota,
    )
    doors = Doors(
        model=ServiceModel(),
        signature=SignatureCheck(identity.region, [identity.access_key], clock.wall),
        gates=(quotas.spend,),
        demands_signature=SIGNED_ON_DEMAND if options.requires_signature else frozenset(),
    )
    tokens, sessions, outbox = Tokens(directory, BatchSigner(let_others_run)), Sessions(clock, chance), Outbox(chance)
    table = operations(
        directory,
        tokens,
        sessions,
        outbox,
        shortest_life_s=1 if life_s else AWS_SHORTEST_LIFE_S,
        default_life_s=life_s or DEFAULT_LIFE_S,
    )
    uses = frozenset({options.api_token_use}) if options.api_token_use else TOKEN_USES
    service = Service(table, doors, counts, chance, faults, pause)
    bearer = BearerCheck(directory, uses, lambda: faults.is_jwks_down)
    sts = Sts(identity.region, identity.access_key, counts, chance, clock.wall)
    oauth = TokenEndpoint(directory, tokens, quotas.spend, counts, faults, pause)
    application = Application(service, sts, oauth, Api(bearer, counts, chance, faults), directory, faults, outbox)
    incidents = Incidents(directory, pool, tokens, bearer, skew, sessions)
    control = Control(counts, faults, incidents, identity.control_token)
    return Sandbox(application, identity, pool.issuer, counts, control, clock.wall)


def read_ready_line(file: Path) -> Mapping[str, Any]:
    """What an earlier sandbox printed with --json.

    Raises:
        ConfigurationError: The file is not that.
    """
    try:
        ready = json.loads(file.read_text("utf-8"))
        for name in ("endpoint", "region", "user_pool_id", "client_id", "access_key_id", "secret_access_key"):
            ready[name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = Problem(
            f"{file}: not the ready line of a sandbox ({type(error).__name__})",
            "Give --resume a file with what `cognito-load sandbox --json` printed.",
        )
        raise ConfigurationError([problem]) from error
    return dict(ready)


def _identity(options: Options, directory: Directory, resumed: Mapping[str, Any]) -> Identity:
    chance = directory.chance
    key_initials = "ASIA" if options.has_session_token else "AKIA"
    key = AccessKey(
        resumed.get("access_key_id") or key_initials + chance.text(16, KEY_ALPHABET),
        resumed.get("secret_access_key") or chance.text(40, ALPHANUMERIC),
        resumed.get("session_token") or (chance.text(200, ALPHANUMERIC) if options.has_session_token else None),
    )
    has_secret = options.has_client_secret or bool(options.scopes)
    secret = resumed.get("client_secret") or (directory.new_client_secret() if has_secret else None)
    return Identity(
        region=options.region,
        user_pool_id=resumed.get("user_pool_id") or directory.new_pool_id(),
        client_id=resumed.get("client_id") or directory.new_client_id(),
        access_key=key,
        control_token=resumed.get("control_token") or chance.text(CONTROL_TOKEN_LENGTH, ALPHANUMERIC),
        client_secret=secret,
    )


def _client(options: Options, identity: Identity, now_s: float) -> Client:
    life_s = options.access_token_life_s or DEFAULT_LIFE_S
    return Client(
        id=identity.client_id,
        name=POOL_NAME,
        pool_id=identity.user_pool_id,
        flows=FLOWS if options.rotation_grace_s is None else tuple(flow for flow in FLOWS if flow != REFRESH_FLOW),
        lives=TokenLives(access_s=life_s, id_s=life_s),
        created_s=now_s,
        secret=identity.client_secret,
        hides_existence=True,
        rotation_grace_s=options.rotation_grace_s,
        settings={**_rotation(options.rotation_grace_s), **_oauth(options.scopes)},
    )


def _rotation(grace_s: int | None) -> Mapping[str, object]:
    """What DescribeUserPoolClient says of it."""
    if grace_s is None:
        return {}
    return {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace_s}}


def _oauth(scopes: tuple[str, ...]) -> Mapping[str, object]:
    """What lets a client log in for itself."""
    if not scopes:
        return {}
    return {
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": list(scopes),
        "AllowedOAuthFlowsUserPoolClient": True,
    }


def _add_resource_servers(pool: Pool, scopes: tuple[str, ...]) -> None:
    for scope in scopes:
        identifier, _, name = scope.rpartition("/")
        server = pool.resource_servers.setdefault(
            identifier, {"UserPoolId": pool.id, "Identifier": identifier, "Name": identifier, "Scopes": []}
        )
        server["Scopes"].append({"ScopeName": name, "ScopeDescription": name})


def _populate(pool: Pool, directory: Directory, accounts: Iterable[Account]) -> None:
    now_s = directory.clock.wall()
    for account in accounts:
        attributes = {"email": account.username, "email_verified": "true"} if "@" in account.username else {}
        verifier = directory.new_verifier(account.password)
        user = pool.add(
            account.username, verifier, account.status, attributes, sub=directory.chance.uuid(), now_s=now_s
        )
        user.is_enabled = account.is_enabled
        if account.totp_secret:
            user.authenticator, user.second_factors = Authenticator(account.totp_secret), ["SOFTWARE_TOKEN_MFA"]
        if account.device_key:
            key, group = account.device_key, account.device_group_key
            user.devices[key] = device = Device(key, group, created_s=now_s, modified_s=now_s, authenticated_s=now_s)
            device.enrolment = enrol(group, key, account.device_password, directory.chance)
            device.is_remembered = True
