"""A sandbox inside the test's own process, on a clock that tests can turn, and two clients that provoke it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
import gevent
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from harness.sandbox.http.server import SandboxServer
from harness.sandbox.launch import Sandbox, assemble
from harness.sandbox.options import Options
from harness.sandbox.sample_accounts import Account
from harness.sandbox.state.clock import Clock
from harness.sandbox.state.user import UserStatus

PASSWORD = "Sample-Password-1!"
TARGET_PREFIX = "AWSCognitoIdentityProviderService."
SESSION = boto3.session.Session()  # one, because each reads the service model anew
MODEL = Loader().load_service_model("cognito-idp", "service-2")


@dataclass
class TurnableClock:
    """The real time, and as much more or less as the test says."""

    offset_s: float = 0.0

    def wall(self) -> float:
        return time.time() + self.offset_s

    def monotonic(self) -> float:
        return time.monotonic() + self.offset_s


@dataclass(frozen=True)
class Served:
    """A sandbox behind a socket of this process."""

    endpoint: str
    control: str
    parts: Sandbox
    clock: TurnableClock

    def ask_control(self, method: str, path: str, body: bytes = b"", token: str | None = None) -> tuple[int, Any]:
        """Status and document of an answer on the control port."""
        connection = http.client.HTTPConnection(urlsplit(self.control).netloc, timeout=30)
        with contextlib.closing(connection):
            authorization = f"Bearer {self.parts.identity.control_token if token is None else token}"
            connection.request(method, path, body, {"Authorization": authorization})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None

    @property
    def ready(self) -> dict[str, str]:
        """What a ready line would say."""
        return {"endpoint": self.endpoint, **self.parts.identity.to_json(), "issuer": self.parts.issuer}


@dataclass(frozen=True)
class Attempt:
    """One call that some client is to make, and what is odd about it."""

    operation: str
    parameters: Mapping[str, Any]
    is_signed: bool | None = None
    """None: as the service model says."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Instead of the sandbox's: `access_key_id`, `secret_access_key`, `session_token`, `region`, `service`."""
    target: str | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class Reply:
    """What came back. `kind` is None where the answer names no error."""

    status: int
    kind: str | None
    message: str
    headers: Mapping[str, str]
    document: Mapping[str, Any]


Caller = Callable[[Served, Attempt], Reply]


def serve(options: Options, clock: TurnableClock, accounts: list[Account]) -> Iterator[Served]:
    parts = assemble(options, accounts, pause=lambda: None, clock=Clock(clock.wall, clock.monotonic))
    started: queue.Queue[tuple[str, str]] = queue.Queue()
    stop = threading.Event()

    def run() -> None:
        server = SandboxServer(parts.application.answer, 0, connected=parts.counts.connected, wall=parts.wall)
        control = SandboxServer(parts.control.answer, 0)
        server.start()
        control.start()
        started.put((server.url, control.url))
        while not stop.is_set():
            gevent.sleep(0.01)
        server.stop(timeout=0.05)
        control.stop(timeout=0.05)

    thread = threading.Thread(target=run)
    thread.start()
    yield Served(*started.get(timeout=30), parts, clock)
    stop.set()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def _served() -> Iterator[Served]:
    users = [
        Account("plain", PASSWORD),
        Account("unconfirmed", PASSWORD, UserStatus.UNCONFIRMED),
        Account("reset", PASSWORD, UserStatus.RESET_REQUIRED),
        Account("disabled", PASSWORD, is_enabled=False),
    ]
    yield from serve(Options(), TurnableClock(), users)


@pytest.fixture
def served(_served: Served) -> Iterator[Served]:
    """A sandbox on a clock that goes back to the real time after the test; shared, so make users and clients anew."""
    yield _served
    _served.clock.offset_s = 0.0


@pytest.fixture
def serve_with() -> Iterator[Callable[..., Served]]:
    """Serves a sandbox with options of the test's own, and the user `plain`."""
    generators = []

    def start(**options: Any) -> Served:
        generators.append(serve(Options(**options), TurnableClock(), [Account("plain", PASSWORD)]))
        return next(generators[-1])

    yield start
    for generator in generators:
        next(generator, None)


def boto_client(served: Served, attempt: Attempt | None = None) -> Any:
    """A boto3 client of the sandbox that tries everything once."""
    given = attempt.credentials if attempt else {}
    key = served.parts.identity.access_key
    unsigned = {"signature_version": botocore.UNSIGNED} if attempt and attempt.is_signed is False else {}
    return SESSION.client(
        "cognito-idp",
        endpoint_url=served.endpoint,
        region_name=given.get("region", served.parts.identity.region),
        aws_access_key_id=given.get("access_key_id", key.access_key_id),
        aws_secret_access_key=given.get("secret_access_key", key.secret_access_key),
        aws_session_token=given.get("session_token", key.session_token),
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, **unsigned),
    )


def call_by_boto3(served: Served, attempt: Attempt) -> Reply:
    """The attempt as boto3 makes it."""
    client = boto_client(served, attempt)

    def distort(params: dict[str, Any], **_: Any) -> None:
        if attempt.target is not None:
            params["headers"]["X-Amz-Target"] = attempt.target
        if attempt.body is not None:
            params["body"] = attempt.body

    def misdirect(request: Any, **_: Any) -> None:
        if "service" in attempt.credentials:
            request.context["signing"] = {"signing_name": attempt.credentials["service"]}

    client.meta.events.register("before-call", distort)
    client.meta.events.register("before-sign", misdirect)
    method = getattr(client, botocore.xform_name(attempt.operation))
    try:
        answer, error = method(**attempt.parameters), {}
    except ClientError as failure:
        answer, error = failure.response, failure.response["Error"]
    metadata = answer["ResponseMetadata"]
    # botocore calls an error without a type by its HTTP status.
    kind = None if error.get("Code", "").isdigit() else error.get("Code")
    return Reply(metadata["HTTPStatusCode"], kind, error.get("Message", ""), metadata["HTTPHeaders"], answer)


def call_raw(served: Served, attempt: Attempt) -> Reply:
    """The attempt by the standard library alone, signed by the few lines below."""
    host = urlsplit(served.endpoint).netloc
    body = attempt.body if attempt.body is not None else json.dumps(attempt.parameters).encode()
    target = attempt.target if attempt.target is not None else TARGET_PREFIX + attempt.operation
    headers = {"host": host, "content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    is_public = MODEL["operations"][attempt.operation].get("authtype") == "none"
    if attempt.is_signed if attempt.is_signed is not None else not is_public:
        headers |= sign(headers, body, {**served.ready, **attempt.credentials})
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    document = json.loads(content) if content else {}
    answer_headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, document.get("__type"), document.get("message", ""), answer_headers, document)


def sign(headers: Mapping[str, str], body: bytes, given: Mapping[str, str]) -> dict[str, str]:
    """The headers that SigV4 adds, from its documentation, so that botocore is not on both ends."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    added = {"x-amz-date": stamp}
    if given.get("session_token"):
        added["x-amz-security-token"] = given["session_token"]
    signed = dict(sorted({**headers, **added}.items()))
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{given['region']}/{given.get('service', 'cognito-idp')}/aws4_request"
    key = f"AWS4{given['secret_access_key']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{given['access_key_id']}/{scope}"
    return {
        **added,
        "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}",
    }


@pytest.fixture(params=["boto3", "raw"])
def call(request: pytest.FixtureRequest) -> Caller:
    """The clients that nobody here wrote, and the one that nobody could write shorter."""
    return {"boto3": call_by_boto3, "raw": call_raw}[request.param]


class World:
    """Users and clients of a test's own in a shared sandbox."""

    _numbers = count(1)
    call_of = Attempt

    def __init__(self, served: Served) -> None:
        self.served = served
        self.admin = boto_client(served)
        self.client_id = served.parts.identity.client_id
        self.pool_id = served.parts.identity.user_pool_id

    def new_user(self, *, temporary: bool = False) -> str:
        username = f"user-{next(self._numbers)}"
        self.admin.admin_create_user(UserPoolId=self.pool_id, Username=username, TemporaryPassword=PASSWORD)
        if not temporary:
            self.admin.admin_set_user_password(
                UserPoolId=self.pool_id, Username=username, Password=PASSWORD, Permanent=True
            )
        return username

    def new_client(self, *flows: str, **settings: Any) -> dict[str, Any]:
        """Makes a client, remembers its id in `client_id`, and returns its description."""
        flows = flows or ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
        description = self.admin.create_user_pool_client(
            UserPoolId=self.pool_id, ClientName="test", ExplicitAuthFlows=list(flows), **settings
        )["UserPoolClient"]
        self.client_id = description["ClientId"]
        return description

    def try_password(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """The answer to a sign-in through the current client."""
        values = {"USERNAME": username, "PASSWORD": password}
        return self.admin.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=self.client_id, AuthParameters=values)

    def sign_in(self, username: str) -> dict[str, Any]:
        """The tokens of a sign-in through the current client."""
        return self.try_password(username)["AuthenticationResult"]

    @staticmethod
    def refused(function: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
        """The type, without its suffix, and the text of the error that a call has to be."""
        with pytest.raises(ClientError) as error:
            function(**parameters)
        detail = error.value.response["Error"]
        return detail["Code"].removesuffix("Exception"), detail["Message"]

    def attempt(self, username: str | None, password: str | None = PASSWORD, **more: Any) -> Attempt:
        """A sign-in by password through the current client, yet to be made."""
        given = {"USERNAME": username, "PASSWORD": password, **more.pop("values", {})}
        values = {name: value for name, value in given.items() if value is not None}
        parameters = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client_id, "AuthParameters": values}
        return Attempt("InitiateAuth", parameters, **more)

    def order_fault(self, kind: str, message: str, status: int) -> None:
        """Let the next InitiateAuth fail like this."""
        refusal = {"fault": "refusal", "type": kind, "message": message, "status": status}
        order = {**refusal, "on": "InitiateAuth", "times": 1}
        assert self.served.ask_control("POST", "/faults", json.dumps(order).encode()) == (204, None)


@pytest.fixture
def world(served: Served) -> World:
    return World(served)


@pytest.fixture
def new_world() -> type[World]:
    """Makes a world of a sandbox that the test serves itself."""
    return World


@pytest.fixture
def raw() -> Caller:
    """The client that sends anything, where boto3 would not."""
    return call_raw
