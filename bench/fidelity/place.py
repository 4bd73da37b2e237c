"""A local Cognito, and what probes need there: users, app clients, calls by boto3, requests that boto3 never makes."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from hmac import digest
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from pycognito.aws_srp import AWSSRP

PASSWORD, NEW_PASSWORD, WRONG = "Bench-Pass-0001!", "Bench-Pass-0002?", "Bench-Pass-none!"  # made up
FLOWS = (
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
)
TARGET = "AWSCognitoIdentityProviderService."
TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class App:
    """An app client."""

    id: str
    secret: str = ""

    def hash(self, username: str) -> dict[str, str]:
        """SECRET_HASH over a name; nothing for a client without a secret."""
        if not self.secret:
            return {}
        hashed = digest(self.secret.encode(), f"{username}{self.id}".encode(), sha256)
        return {"SECRET_HASH": b64encode(hashed).decode()}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to a request that boto3 would not make. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON that it holds."""
        return json.loads(self.body)


class _Skewed(SigV4Auth):
    """A signer whose clock is wrong."""

    skew = timedelta()

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = (datetime.now(UTC) + self.skew).strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


@dataclass
class Place:
    """One local Cognito.

    Args:
        name: For people.
        endpoint: Its URL.
        access_key_id: Of the AWS key that it knows, if it knows any.
        secret_access_key: The same key's secret.
        region: Of pools and signatures.
    """

    name: str
    endpoint: str
    access_key_id: str = "bench"
    secret_access_key: str = "bench"  # noqa: S105  # nobody checks it there
    region: str = "us-east-1"
    _numbers: Any = field(default_factory=lambda: count(1), repr=False)

    @cached_property
    def aws(self) -> Any:
        """Boto3's client: each call is made once."""
        return boto3.session.Session().client(
            "cognito-idp",
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=TIMEOUT_S),
        )

    @cached_property
    def pool_id(self) -> str:
        """A pool for all probes that need nothing special of theirs."""
        return self.pool()

    @cached_property
    def app(self) -> App:
        """A public client of that pool, with every flow."""
        return self.client()

    def pool(self, **settings: Any) -> str:
        """A new pool's id."""
        pool_id: str = self.aws.create_user_pool(PoolName="fidelity", **settings)["UserPool"]["Id"]
        return pool_id

    def client(self, *flows: str, pool_id: str = "", **settings: Any) -> App:
        """A new app client."""
        made = self.aws.create_user_pool_client(
            UserPoolId=pool_id or self.pool_id, ClientName="c", ExplicitAuthFlows=list(flows or FLOWS), **settings
        )["UserPoolClient"]
        return App(made["ClientId"], made.get("ClientSecret", ""))

    def user(self, *, pool_id: str = "", is_permanent: bool = True, **attributes: str) -> str:
        """A new user's name, as it logs in."""
        pool_id, name = pool_id or self.pool_id, f"user-{next(self._numbers)}@example.com"
        given = [{"Name": key, "Value": value} for key, value in {"email": name, **attributes}.items()]
        self.aws.admin_create_user(
            UserPoolId=pool_id,
            Username=name,
            MessageAction="SUPPRESS",
            TemporaryPassword=PASSWORD,
            UserAttributes=given,
        )
        if is_permanent:
            self.aws.admin_set_user_password(UserPoolId=pool_id, Username=name, Password=PASSWORD, Permanent=True)
        return name

    def start(self, flow: str, app: App | None = None, **values: str) -> Any:
        """InitiateAuth; SECRET_HASH over USERNAME, where the client has a secret and there is one."""
        app = app or self.app
        hashed = app.hash(values["USERNAME"]) if "USERNAME" in values else {}
        return self.aws.initiate_auth(AuthFlow=flow, ClientId=app.id, AuthParameters={**hashed, **values})

    def log_in(self, username: str, password: str = PASSWORD, app: App | None = None) -> Any:
        """A login by password."""
        return self.start("USER_PASSWORD_AUTH", app, USERNAME=username, PASSWORD=password)

    def tokens(self, username: str, app: App | None = None) -> Any:
        """The tokens of one."""
        return self.log_in(username, app=app)["AuthenticationResult"]

    def respond(self, challenge: Mapping[str, Any], app: App | None = None, **responses: str) -> Any:
        """RespondToAuthChallenge, with the challenge's Session if it has one."""
        session = {"Session": challenge["Session"]} if "Session" in challenge else {}
        app = app or self.app
        return self.aws.respond_to_auth_challenge(
            ClientId=app.id,
            ChallengeName=challenge["ChallengeName"],
            ChallengeResponses={**app.hash(responses.get("USERNAME", "")), **responses},
            **session,
        )

    def srp(self, username: str, password: str = PASSWORD, app: App | None = None) -> AWSSRP:
        """Pycognito's arithmetic for one login; without a secret, since hashes are made here."""
        return AWSSRP(username, password, self.pool_id, (app or self.app).id, client=self.aws)

    def ask(self, headers: Mapping[str, str], body: bytes = b"", *, method: str = "POST", path: str = "/") -> Told:
        """A request as it is written here."""
        with closing(http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def call(self, operation: str, parameters: Mapping[str, Any], signed: Mapping[str, Any] | None = None) -> Told:
        """An operation, unsigned, or signed by this place's key with something else: key, secret, region, skew."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + operation}
        request = AWSRequest("POST", f"{self.endpoint}/", headers, json.dumps(parameters).encode())
        if signed is not None:
            keys = Credentials(
                signed.get("access_key_id", self.access_key_id), signed.get("secret_access_key", self.secret_access_key)
            )
            signer = _Skewed(keys, signed.get("service", "cognito-idp"), signed.get("region", self.region))
            signer.skew = timedelta(minutes=signed.get("minutes", 0))
            signer.add_auth(request)
        return self.ask(dict(request.headers.items()), request.body)

    def password_login(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """InitiateAuth's members for a login by password."""
        values = {"USERNAME": username, "PASSWORD": password}
        return {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.app.id, "AuthParameters": values}
