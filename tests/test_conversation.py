"""A login over a connection, with a channel that answers what the test says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import pytest

from harness.cognito.flows import Account, AppClient, Flow, refresh_token_auth, user_password_auth
from harness.cognito.flows.client_credentials import client_credentials
from harness.cognito.flows.refreshing import REFUSED, Refreshing
from harness.cognito.signing import AwsKeys
from harness.cognito.tokens import Tokens
from harness.cognito.wire import NO_REPLY, OFFLOAD, USER_AGENT, Call
from harness.conversation import NO_AWS_KEYS, Cognito, Conversation, CutOff
from harness.errors import ConfigurationError, ConnectError, LoginError, Problem, TimedOutError, TransportError
from harness.evidence.figures.generator_health import KeptConnections
from harness.evidence.figures.in_flight import InFlight
from harness.evidence.figures.sample import Sample
from harness.outcome import Outcome, Reason
from harness.transport import Answer, Endpoint

ENDPOINT = Endpoint.parse("http://127.0.0.1:9229")
CLIENT = AppClient("1example23456789")
PASSWORD = "canary-password-7f"
TOKEN = "canary-token-7f"
KEY = "canary-key-7f"


def tokens_answer(*, refreshes: bool = True) -> dict[str, Any]:
    result = {"AccessToken": TOKEN, "IdToken": "id", "RefreshToken": "refresh" if refreshes else "", "ExpiresIn": 3600}
    return {"AuthenticationResult": result}


def read_token(document: Mapping[str, Any]) -> str:
    return str(document.get("AuthenticationResult", {}).get("AccessToken", ""))


def answer(document: object, *, status: int = 200, connect_ms: int = 0, first_ms: int = 1, total_ms: int = 2) -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(status, {}, body, 0, connect_ms * 10**6, first_ms * 10**6, total_ms * 10**6, connect_ms == 0)


class Channel:
    """Gives the planned answers, raises the planned errors, keeps the requests."""

    def __init__(self, plan: list[Answer | BaseException], *, sent: bool = True) -> None:
        self.plan = plan
        self.sent = sent
        self.requests: list[bytes] = []
        self.closed = 0
        self.is_awaiting_reply = False

    def exchange(self, request: bytes) -> Answer:
        self.requests.append(request)
        self.is_awaiting_reply = self.sent
        step = self.plan.pop(0)
        if isinstance(step, BaseException):
            raise step
        self.is_awaiting_reply = False
        return step

    def close(self) -> None:
        self.closed += 1


class Witness:
    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.cut: list[CutOff] = []

    def sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def cut_off(self, cut_off: CutOff) -> None:
        self.cut.append(cut_off)


class Keys:
    """A key source whose keys the test changes."""

    def __init__(self) -> None:
        self.keys = AwsKeys("AKIA1", KEY)
        self.fault: ConfigurationError | None = None

    def current(self) -> AwsKeys:
        if self.fault:
            raise self.fault
        return self.keys


class Line:
    """A conversation, and everything around it that a test looks at."""

    def __init__(
        self,
        *plan: Answer | BaseException,
        sent: bool = True,
        keys: Keys | None = None,
        keeps_connection: bool = True,
        offload: Callable[[Callable[[], Call]], Call] | None = None,
    ) -> None:
        self.channel = channel = Channel(list(plan), sent=sent)
        self.witness = Witness()

        class Here(Cognito):
            def open(self) -> Channel:  # type: ignore[override]  # a channel without a socket
                return channel

        self.cognito = Here(ENDPOINT, region="us-east-1", keys=keys, now=lambda: 1_700_000_000.0)
        extra = {"offload": offload} if offload else {}
        self.kept = KeptConnections()
        self.conversation = Conversation(
            self.cognito, self.witness, keeps_connection=keeps_connection, kept=self.kept, **extra
        )

    def log_in(self, account: Account | None = None, reason: Reason = Reason.INITIAL) -> Tokens:
        flow = user_password_auth(CLIENT, account or Account("alice", PASSWORD), read_token)
        return self.conversation.run(flow, reason)

    def fails(self) -> LoginError:
        with pytest.raises(LoginError) as caught:
            self.log_in()
        return caught.value


class TestSamples:
    def test_a_login_is_one_sample_for_its_exchange_and_one_for_itself(self) -> None:
        line = Line(answer(tokens_answer(), connect_ms=5, first_ms=7, total_ms=9))

        assert line.log_in(reason=Reason.EXPIRED).access_token == TOKEN

        exchange, login = line.witness.samples
        assert (exchange.kind, exchange.name) == ("exchange", "InitiateAuth")
        assert (login.kind, login.name) == ("login", "login")
        for sample in (exchange, login):
            assert sample.outcome is Outcome.OK
            assert sample.reason is Reason.EXPIRED
            assert (sample.connect_us, sample.first_byte_us, sample.elapsed_us) == (5000, 7000, 9000)
            assert sample.error == ""
        assert exchange.received_bytes == len(json.dumps(tokens_answer()))

    def test_a_login_of_several_exchanges_takes_as_long_as_they_do_together(self) -> None:
        """Its first byte is its first exchange's: what came later had to wait for that one."""
        challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s", "ChallengeParameters": {}}
        line = Line(
            answer(challenge, connect_ms=5, first_ms=7, total_ms=9),
            answer(tokens_answer(), first_ms=1, total_ms=3),
        )

        line.log_in(Account("alice", PASSWORD, "new-canary-password"))

        first, second, login = line.witness.samples
        assert [first.name, second.name, login.name] == ["InitiateAuth", "RespondToAuthChallenge", "login"]
        assert [first.elapsed_us, second.elapsed_us, login.elapsed_us] == [9000, 3000, 12000]
        assert (login.connect_us, login.first_byte_us) == (5000, 7000)

    def test_a_call_with_header_fields_of_its_own_goes_unsigned_and_whole(self) -> None:
        """OAuth's token endpoint knows no AWS signature, and would see another header for the client's secret."""
        client = AppClient("client", "canary-secret", scopes=("api/read",))
        line = Line(answer({"access_token": TOKEN, "expires_in": 60}), keys=Keys())

        flow = client_credentials(client, Account("client", ""), lambda document: str(document["access_token"]))
        tokens = line.conversation.run(flow, Reason.INITIAL)

        assert (tokens.access_token, tokens.refresh_token) == (TOKEN, "")
        assert line.witness.samples[0].name == "oauth2/token"
        head, _, body = line.channel.requests[0].partition(b"\r\n\r\n")
        assert head.count(b"Authorization: Basic ") == head.lower().count(b"authorization") == 1
        assert b"AWS4" not in head
        assert b"Content-Length: %d" % len(body) in head
        assert b"canary" not in head + body

    def test_a_refusal_that_only_told_how_to_go_on_is_no_failure_and_has_a_name_of_its_own(self) -> None:
        """The refresh that finds out that refresh tokens rotate has worked, in two exchanges."""
        no = {"__type": "InvalidParameterException", "message": "Auth flow not enabled for this client"}
        line = Line(answer(tokens_answer()), answer(no, status=400), answer(tokens_answer()))
        tokens = line.log_in()

        flow = Refreshing("auto", lambda _: None).flow(CLIENT, "alice", tokens, read_token)
        line.conversation.run(flow, Reason.REFRESH)

        samples = line.witness.samples[2:]
        assert [sample.name for sample in samples] == [REFUSED, "GetTokensFromRefreshToken", "login"]
        assert [sample.outcome for sample in samples] == [Outcome.OK] * 3
        assert [sample.status for sample in samples] == [400, 200, 200]
        assert samples[-1].exchanges == 2

    def test_one_conversation_after_the_other_uses_one_channel(self) -> None:
        line = Line(answer(tokens_answer()), answer(tokens_answer(refreshes=False)))
        tokens = line.log_in()

        flow = refresh_token_auth(CLIENT, "alice", tokens, read_token)
        assert line.conversation.run(flow, Reason.REFRESH).refresh_token == "refresh"

        assert [sample.reason for sample in line.witness.samples] == [Reason.INITIAL] * 2 + [Reason.REFRESH] * 2
        assert line.channel.closed == 0

    @pytest.mark.parametrize(
        ("got", "outcome", "kind"),
        [
            (
                answer({"__type": "NotAuthorizedException", "message": "Incorrect username or password."}, status=400),
                Outcome.REJECTED,
                "NotAuthorizedException",
            ),
            (
                answer({"__type": "TooManyRequestsException", "message": "Rate exceeded"}, status=400),
                Outcome.THROTTLED,
                "TooManyRequestsException",
            ),
            (answer({"__type": "InternalErrorException"}, status=500), Outcome.SERVER_ERROR, "InternalErrorException"),
            (answer(b"<html>"), Outcome.MALFORMED, "NotCognito"),
            (answer({"AuthenticationResult": {}}), Outcome.MALFORMED, "MissingToken"),
            (answer({"ChallengeName": "SMS_MFA", "Session": "s"}), Outcome.CHALLENGED, "ChallengeUnanswered"),
        ],
        ids=lambda given: given if isinstance(given, str) else "",
    )
    def test_what_the_flow_makes_of_an_answer_is_what_became_of_the_exchange(
        self, got: Answer, outcome: Outcome, kind: str
    ) -> None:
        line = Line(got)

        failure = line.fails()

        assert (failure.outcome, failure.kind) == (outcome, kind)
        exchange, login = line.witness.samples
        assert exchange.outcome is login.outcome is outcome
        assert exchange.error == login.error == str(failure)
        assert exchange.elapsed_us == login.elapsed_us == 2000
        assert line.channel.closed == 0, "an answer is an answer: the connection is good"

    @pytest.mark.parametrize("error", [ConnectError("connection refused"), TimedOutError("no answer", sent=True)])
    def test_no_answer_is_a_sample_too(self, error: Exception) -> None:
        line = Line(error)

        failure = line.fails()

        assert failure.outcome == Outcome.TRANSPORT_ERROR
        assert str(failure) == f"{type(error).__name__}: {error}"
        exchange, login = line.witness.samples
        assert exchange.outcome is login.outcome is Outcome.TRANSPORT_ERROR
        assert (exchange.connect_us, exchange.first_byte_us, exchange.received_bytes) == (0, 0, 0)
        assert exchange.elapsed_us == login.elapsed_us >= 0

    def test_no_secret_is_in_a_sample_an_error_or_a_repr(self) -> None:
        echo = {"__type": "InvalidParameterException", "message": f"Value '{PASSWORD}' is too short"}
        line = Line(answer(tokens_answer()), answer(echo, status=400), keys=Keys())
        tokens = line.log_in()
        failure = line.fails()

        told = repr((line.witness.samples, failure, str(failure), tokens, failure.hint))
        assert not re.search("canary", told)


class TestConnection:
    def test_a_connection_is_made_anew_for_each_login_when_that_is_asked_for(self) -> None:
        line = Line(answer(tokens_answer()), answer({"__type": "X"}, status=400), keeps_connection=False)

        line.log_in()
        assert line.channel.closed == 1
        line.fails()
        assert line.channel.closed == 2

    def test_a_login_is_to_find_its_connection_open_when_the_one_before_it_left_it_so(self) -> None:
        """The first opens it; the second finds it open, the third finds it closed."""
        line = Line(*(answer(tokens_answer(), connect_ms=connect_ms) for connect_ms in (5, 0, 5)))
        for _ in range(3):
            line.log_in()
        assert (line.kept.logins, line.kept.reopened) == (2, 1)

    @pytest.mark.parametrize("lets_go", ["a session closed it", "an error closed it", "each login closes it"])
    def test_a_login_whose_connection_was_closed_here_is_to_find_none(self, lets_go: str) -> None:
        keeps_connection = lets_go != "each login closes it"
        first = TimedOutError("no answer", sent=True) if lets_go == "an error closed it" else answer(tokens_answer())
        line = Line(first, answer(tokens_answer(), connect_ms=5), keeps_connection=keeps_connection)
        if lets_go == "an error closed it":
            line.fails()
        else:
            line.log_in()
        if lets_go == "a session closed it":
            line.conversation.close()
        line.log_in()
        assert (line.kept.logins, line.kept.reopened) == (0, 0)

    @pytest.mark.parametrize("reason", [Reason.REFRESH, Reason.EXPIRED, Reason.FORCED])
    def test_what_renews_a_token_says_nothing_about_connections(self, reason: Reason) -> None:
        line = Line(answer(tokens_answer()), answer(tokens_answer(), connect_ms=5))
        line.log_in()
        line.log_in(reason=reason)
        assert line.kept.logins == 0

    def test_closing_the_conversation_closes_its_channel(self) -> None:
        line = Line()
        line.conversation.close()
        assert line.channel.closed == 1

    @pytest.mark.parametrize("is_sent", [True, False])
    def test_a_login_that_is_cut_off_is_told_with_its_age_and_is_no_sample(self, is_sent: bool) -> None:
        """What was still connecting never reached the server, and has been open all the same."""
        challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s", "ChallengeParameters": {}}
        line = Line(answer(challenge, total_ms=900), gevent.GreenletExit(), sent=is_sent)
        before_ns = time.perf_counter_ns()

        with pytest.raises(gevent.GreenletExit):
            line.log_in(Account("alice", PASSWORD, new_password="another"))

        (cut,) = line.witness.cut
        assert (cut.operation, cut.reason, cut.is_sent) == ("RespondToAuthChallenge", Reason.INITIAL, is_sent)
        assert 0 <= cut.age_us <= (time.perf_counter_ns() - before_ns) / 1000
        assert cut.login_us == 900_000 + cut.age_us
        assert [sample.name for sample in line.witness.samples] == ["InitiateAuth"]

    def test_an_exchange_is_in_flight_for_as_long_as_it_is_open(self) -> None:
        in_flight = InFlight()
        seen: list[str] = []

        class Looking(Line):
            def __init__(self, *plan: Answer | BaseException) -> None:
                super().__init__(*plan)
                self.conversation = Conversation(self.cognito, self.witness, in_flight=in_flight)
                exchange = self.channel.exchange
                self.channel.exchange = lambda request: seen.extend(in_flight.exchanges.values()) or exchange(request)

        Looking(answer(tokens_answer())).log_in(reason=Reason.EXPIRED)
        Looking(TransportError("reset")).fails()
        with pytest.raises(gevent.GreenletExit):
            Looking(gevent.GreenletExit()).log_in()

        assert [(operation, login.reason) for operation, login in seen] == [
            ("InitiateAuth", Reason.EXPIRED),
            ("InitiateAuth", Reason.INITIAL),
            ("InitiateAuth", Reason.INITIAL),
        ]
        assert in_flight.exchanges == {}


class TestOffload:
    def costly(self) -> Flow:
        assert (yield OFFLOAD) is NO_REPLY
        yield Call("InitiateAuth", b"{}")
        yield OFFLOAD
        yield Call("RespondToAuthChallenge", b"{}")
        return Tokens("a", "", "", "Bearer", 60)

    def test_only_costly_steps_leave_the_event_loop(self) -> None:
        offloaded: list[str] = []

        def offload(work: Callable[[], Call]) -> Call:
            call = work()
            offloaded.append(call.operation)
            return call

        line = Line(answer({}), answer({}), offload=offload)
        line.conversation.run(self.costly(), Reason.INITIAL)

        assert offloaded == ["InitiateAuth", "RespondToAuthChallenge"]
        assert [sample.name for sample in line.witness.samples] == ["InitiateAuth", "RespondToAuthChallenge", "login"]
        assert line.conversation.arithmetic_ns > 0

    def test_a_code_that_is_not_good_yet_is_waited_for_and_in_no_sample(self) -> None:
        waited: list[float] = []

        def flow() -> Flow:
            yield Call("InitiateAuth", b"{}", not_before_s=1.0)
            yield Call("RespondToAuthChallenge", b"{}", not_before_s=time.time() + 1000)
            return Tokens("a", "", "", "Bearer", 60)

        line = Line(answer({}), answer({}))
        line.conversation._wait = waited.append
        line.conversation.run(flow(), Reason.INITIAL)
        assert [900 < seconds <= 1000 for seconds in waited] == [True]
        assert line.witness.samples[-1].elapsed_us < 900_000_000

    def test_without_an_event_loop_they_run_in_place(self) -> None:
        line = Line(answer({}), answer({}))
        assert line.conversation.run(self.costly(), Reason.INITIAL).access_token == "a"

    def test_the_flow_gets_status_headers_and_body_of_each_answer(self) -> None:
        seen: list[object] = []

        def flow() -> Flow:
            reply = yield Call("InitiateAuth", b"{}")
            seen.extend((reply.status, dict(reply.headers), reply.body))
            return Tokens("a", "", "", "Bearer", 60)

        Line(answer(b"body", status=418)).conversation.run(flow(), Reason.INITIAL)
        assert seen == [418, {}, b"body"]


class TestRequest:
    def head_of(self, request: bytes) -> tuple[str, dict[str, str], bytes]:
        head, _, body = request.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        return line, dict(field.split(": ", 1) for field in fields), body

    def test_an_unsigned_call_has_the_three_headers_and_the_json_body(self) -> None:
        line = Line(answer(tokens_answer()))
        line.log_in()

        request_line, fields, body = self.head_of(line.channel.requests[0])
        assert request_line == "POST / HTTP/1.1"
        assert fields == {
            "Host": "127.0.0.1:9229",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            "X-Amz-User-Agent": USER_AGENT,
            "Content-Length": str(len(body)),
        }
        assert json.loads(body)["AuthParameters"] == {"USERNAME": "alice", "PASSWORD": PASSWORD}
        assert not line.cognito.is_signing

    def test_a_signed_call_has_a_date_and_a_signature_more(self) -> None:
        line = Line(answer(tokens_answer()), keys=Keys())
        line.log_in()

        _, fields, body = self.head_of(line.channel.requests[0])
        assert fields["X-Amz-Date"] == "20231114T221320Z"
        assert fields["Authorization"].startswith(
            "AWS4-HMAC-SHA256 Credential=AKIA1/20231114/us-east-1/cognito-idp/aws4_request, "
        )
        assert fields["Content-Length"] == str(len(body))
        assert line.cognito.is_signing

    def test_renewed_keys_sign_the_next_call(self) -> None:
        keys = Keys()
        line = Line(answer(tokens_answer()), answer(tokens_answer()), answer(tokens_answer()), keys=keys)
        line.log_in()
        line.log_in()
        keys.keys = AwsKeys("AKIA2", KEY, "session-token")
        line.log_in()

        heads = [self.head_of(request)[1] for request in line.channel.requests]
        assert ["AKIA1" in head["Authorization"] for head in heads] == [True, True, False]
        assert [head.get("X-Amz-Security-Token") for head in heads] == [None, None, "session-token"]

    def test_keys_that_cannot_be_renewed_fail_the_login_and_nothing_is_sent(self) -> None:
        """Not the task: a load test of hours should go on when somebody logs in to AWS again."""
        keys = Keys()
        keys.fault = ConfigurationError([Problem("AWS credentials cannot be used", "Log in again.")])
        line = Line(keys=keys)

        failure = line.fails()

        assert (failure.kind, failure.outcome, failure.hint) == (NO_AWS_KEYS, Outcome.TRANSPORT_ERROR, "Log in again.")
        assert line.channel.requests == []
        assert [sample.kind for sample in line.witness.samples] == ["login"]
        assert line.witness.samples[0].outcome is Outcome.TRANSPORT_ERROR

    def test_a_channel_is_opened_to_the_endpoint_without_connecting(self) -> None:
        cognito = Cognito(ENDPOINT, region="us-east-1")
        channel = cognito.open()
        assert not channel.is_awaiting_reply
        channel.close()
