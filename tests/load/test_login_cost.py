"""What a login costs, in counts that are the same on every machine."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from locust.env import Environment
from locust.event import Events

from harness.cognito.flows import Account, AppClient
from harness.cognito.signing import AwsKeys
from harness.conversation import Cognito
from harness.credentials import CsvDataSet, Row
from harness.extract import JsonExtractor
from harness.load.leases import LeaseTable, LocalRows
from harness.load.run.current import attach
from harness.load.run.run import Run
from harness.load.users import CognitoLoginUser
from harness.settings import Settings
from harness.transport import Endpoint
from tests.transport.conftest import answering, serve  # noqa: F401  # a fixture

BODY = (
    b'{"AuthenticationResult":{"AccessToken":"%b","IdToken":"%b","RefreshToken":"%b","ExpiresIn":3600,'
    b'"TokenType":"Bearer"},"ChallengeParameters":{}}'
) % (b"a" * 1000, b"i" * 1000, b"r" * 1800)
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
SYSTEM = {"send", "sendall", "recv", "recvmsg_into", "poll", "select", "switch", "start", "stop", "connect"}


OURS = ("harness", "locust", "json", "hmac", "hashlib", "<string>")
"""Where the code of a login stands; the last is where dataclasses are made."""


class Login(CognitoLoginUser):
    """Logs in when it is told to."""


class Keys:
    """Keys that never change."""

    name = "test"

    def __init__(self) -> None:
        self._keys = AwsKeys("AKIDEXAMPLE", "made-up")

    def current(self) -> AwsKeys:
        return self._keys


@pytest.fixture
def run(serve):  # noqa: F811  # the fixture
    server = serve(answering(REPLY))
    endpoint = Endpoint.parse(f"http://127.0.0.1:{server.port}")
    setup = SimpleNamespace(
        settings=Settings(client_id="client", login_cap="0"),
        users=SimpleNamespace(rows=[Row(0, 2, Account("alice@example.com", "made-up"), {})]),
        data_set=CsvDataSet("users.csv"),
        client=AppClient("client"),
        endpoint=endpoint,
        cognito=Cognito(endpoint, region="us-east-1", keys=Keys()),
        read_token=JsonExtractor.token().from_document,
    )
    return Run(setup, Events(), LocalRows(LeaseTable(1, planned=0, processes=1)), processes=1)


def counted(call):
    """The Python functions that were run in this greenlet, and the calls into the system."""
    functions, system = [], []

    def profile(frame, event, called):
        if not any(part in frame.f_code.co_filename for part in OURS):  # the server answers in this thread, too
            return
        if event == "call":
            functions.append(frame.f_code.co_qualname)
        elif event == "c_call" and called.__name__ in SYSTEM and not called.__qualname__.startswith("generator"):
            system.append(called.__name__)

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return functions, system


def test_a_signed_login_is_one_send_one_wait_and_one_recv_and_few_functions(run):
    """Flow, signature, exchange, reading the answer, two samples and Locust's event.

    A function costs about a hundredth of a login, whatever it does; 55 when this was written. Of these, 9 are the
    user's: its turn and its row. The look before the send finds out whether the server has closed the connection
    meanwhile.
    """
    environment = Environment()
    attach(environment, run)
    user = Login(environment)
    for _ in range(2):  # connects, makes histograms, trusts the account
        assert user.log_in().access_token == "a" * 1000
    functions, system = counted(user.log_in)
    user._conversation.close()
    assert system == ["poll", "send", "switch", "recvmsg_into"]
    late_reads = run.monitor.health.late_reads.count
    assert late_reads == (3 if sys.platform == "linux" else 0), "how long each answer lay unread is known"
    assert len(functions) <= 55, functions
