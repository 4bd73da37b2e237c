"""A session's tokens under a fake clock: a day takes a millisecond, and every wait is visible."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import gevent
import gevent.lock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.cognito.tokens import Tokens
from harness.errors import LoginError
from harness.outcome import Outcome, Reason
from harness.session import AT_THE_MARGIN, BACK_OFF_CAP_S, BACK_OFF_S, Penalty, Renewal, SharedTokens, TokenSession

HOUR_S = 3600
TRANSIENT = (Outcome.THROTTLED, Outcome.SERVER_ERROR, Outcome.TRANSPORT_ERROR, Outcome.MALFORMED)
FINAL = (Outcome.REJECTED, Outcome.CHALLENGED)
HALFWAY = Renewal(spread_share=0.5, random=lambda: 1.0)
"""Tokens of an hour are renewed after 1,770 s, and good until 3,540 s."""


def error(outcome: Outcome) -> LoginError:
    return LoginError(f"Kind{outcome}", "said so", outcome=outcome)


def jwt(life_s: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"iat": 1000, "exp": 1000 + life_s}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


class Cognito:
    """Answers logins and refreshes as planned, on a clock of its own; everything it was asked is kept."""

    def __init__(self, *, life_s: int = HOUR_S, gives_refresh_token: bool = True) -> None:
        self.now_s = 1000.0
        self.life_s = life_s
        self.gives_refresh_token = gives_refresh_token
        self.logins: deque[Outcome] = deque()
        """What becomes of the next logins; when empty, they work."""
        self.refreshes: deque[Outcome] = deque()
        self.asked: list[Reason] = []
        self.waits_s: list[float] = []
        self.expires_at_s: dict[int, float] = {}
        self.issued: list[Tokens] = []
        self.in_flight = 0
        self.said: list[str] = []
        self.pause: Callable[[], None] = lambda: None
        """What happens while a call is on its way."""

    def log_in(self, reason: Reason) -> Tokens:
        return self._answer(reason, self.logins)

    def refresh(self, old: Tokens) -> Tokens:
        assert old.refresh_token, "a refresh needs a refresh token"
        return self._answer(Reason.REFRESH, self.refreshes)

    def wait(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        self.now_s += seconds

    def _answer(self, reason: Reason, planned: deque[Outcome]) -> Tokens:
        self.asked.append(reason)
        self.in_flight += 1
        assert self.in_flight == 1, "two logins of one session are in flight"
        try:
            self.pause()
        finally:
            self.in_flight -= 1
        outcome = planned.popleft() if planned else Outcome.OK
        if outcome is not Outcome.OK:
            raise error(outcome)
        refresh_token = "refresh" if self.gives_refresh_token else ""
        tokens = Tokens(jwt(self.life_s), "id", refresh_token, "Bearer", self.life_s)
        self.issued.append(tokens)
        self.expires_at_s[id(tokens)] = self.now_s + self.life_s
        return tokens


def session_of(
    cognito: Cognito,
    *,
    random: Callable[[], float] = lambda: 1.0,
    lock: object = None,
    refreshes: bool = True,
    renewal: Renewal = AT_THE_MARGIN,
) -> TokenSession:
    return TokenSession(
        cognito.log_in,
        cognito.refresh if refreshes else None,
        Penalty(random),
        now=lambda: cognito.now_s,
        wait=cognito.wait,
        held=SharedTokens(lock or nullcontext()),
        report=cognito.said.append,
        renewal=renewal,
    )


class TestToken:
    def test_the_first_token_costs_one_login_and_lasts(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)

        assert session.token() is session.token() is cognito.issued[0]
        assert cognito.asked == [Reason.INITIAL]

    @pytest.mark.parametrize(
        ("life_s", "good_for_s"),
        [
            (HOUR_S, 3540),  # the margin is 60 s
            (300, 240),  # Cognito's shortest life: still 60 s
            (150, 90),  # the edge of both rules
            (3, 1.8),  # the sandbox's short tokens: 40 %
            (1, 0.6),
        ],
    )
    def test_a_token_is_renewed_at_its_margin(self, life_s: int, good_for_s: float) -> None:
        cognito = Cognito(life_s=life_s)
        session = session_of(cognito)
        first = session.token()

        cognito.now_s += good_for_s - 0.001
        assert session.token() is first
        cognito.now_s += 0.002
        assert session.token() is not first
        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH]

    @pytest.mark.parametrize("outcome", TRANSIENT)
    def test_tokens_that_are_still_good_serve_while_a_renewal_does_not_work(self, outcome: Outcome) -> None:
        """A throttle holds up no API user before the margin; the renewal is tried again after each penalty."""
        cognito = Cognito()
        session = session_of(cognito, renewal=HALFWAY)
        first = session.token()
        cognito.refreshes.extend([outcome] * 2)

        cognito.now_s += 1770
        assert [session.token() for _ in range(3)] == [first] * 3
        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH]
        cognito.now_s += BACK_OFF_S
        assert session.token() is first
        cognito.now_s += 2 * BACK_OFF_S
        assert session.token() is not first
        assert cognito.asked == [Reason.INITIAL, *[Reason.REFRESH] * 3]
        assert cognito.waits_s == []

    def test_from_the_margin_on_they_serve_no_more(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, renewal=HALFWAY)
        session.token()
        cognito.refreshes.append(Outcome.THROTTLED)

        cognito.now_s += 3540
        with pytest.raises(LoginError):
            session.token()

    @pytest.mark.parametrize("outcome", FINAL)
    def test_an_account_that_is_rejected_is_told_though_its_tokens_would_serve(self, outcome: Outcome) -> None:
        cognito = Cognito()
        session = session_of(cognito, renewal=HALFWAY, refreshes=False)
        session.token()
        cognito.logins.append(outcome)

        cognito.now_s += 1770
        for _ in range(2):
            with pytest.raises(LoginError):
                session.token()
        assert cognito.asked == [Reason.INITIAL, Reason.EXPIRED]

    def test_without_a_refresh_token_the_renewal_is_a_full_login(self) -> None:
        cognito = Cognito(gives_refresh_token=False)
        session = session_of(cognito)
        session.token()

        cognito.now_s += HOUR_S
        session.token()

        assert cognito.asked == [Reason.INITIAL, Reason.EXPIRED]

    def test_a_load_that_never_refreshes_renews_by_full_logins(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, refreshes=False)
        session.token()
        cognito.now_s += HOUR_S
        session.token()
        assert cognito.asked == [Reason.INITIAL, Reason.EXPIRED]

    def test_a_refused_refresh_leads_to_one_full_login(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)
        session.token()
        cognito.refreshes.append(Outcome.REJECTED)

        cognito.now_s += HOUR_S
        assert session.token() is cognito.issued[-1]

        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH, Reason.EXPIRED]
        assert cognito.waits_s == []

    @pytest.mark.parametrize("outcome", TRANSIENT)
    def test_a_refresh_that_broke_is_no_refusal(self, outcome: Outcome) -> None:
        """A throttled refresh must not turn into a full login, which would be one more call at the worst moment."""
        cognito = Cognito()
        session = session_of(cognito)
        session.token()
        cognito.refreshes.append(outcome)

        cognito.now_s += HOUR_S
        with pytest.raises(LoginError) as caught:
            session.token()
        assert caught.value.outcome == outcome
        session.token()

        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH, Reason.REFRESH]


class TestFailure:
    @pytest.mark.parametrize("outcome", FINAL)
    def test_a_rejected_password_is_tried_once(self, outcome: Outcome) -> None:
        cognito = Cognito()
        cognito.logins.append(outcome)
        session = session_of(cognito)

        for _ in range(10):
            with pytest.raises(LoginError) as caught:
                session.token()
            assert caught.value.outcome == outcome
            cognito.now_s += HOUR_S

        assert cognito.asked == [Reason.INITIAL]
        assert cognito.waits_s == []

    def test_sessions_of_one_account_share_a_rejection(self) -> None:
        cognito = Cognito()
        cognito.logins.append(Outcome.REJECTED)
        first, second = session_of(cognito), session_of(cognito)
        second._penalty = first._penalty

        for session in (first, second):
            with pytest.raises(LoginError):
                session.token()

        assert len(cognito.asked) == 1

    def test_raising_a_rejection_again_and_again_keeps_no_frames_alive(self) -> None:
        """An error that is raised again collects every raise in its traceback, unless it starts afresh."""
        cognito = Cognito()
        cognito.logins.append(Outcome.REJECTED)
        session = session_of(cognito)

        depths = []
        for _ in range(50):
            with pytest.raises(LoginError) as caught:
                session.token()
            depths.append(len(caught.traceback))

        assert depths[-1] <= depths[1]

    @pytest.mark.parametrize("outcome", TRANSIENT)
    def test_the_next_try_after_a_passing_fault_waits_first(self, outcome: Outcome) -> None:
        cognito = Cognito()
        cognito.logins.extend([outcome, outcome])
        session = session_of(cognito)

        for _ in range(2):
            with pytest.raises(LoginError):
                session.token()
        session.token()

        assert cognito.waits_s == [BACK_OFF_S, 2 * BACK_OFF_S]

    def test_a_penalty_that_has_passed_by_itself_is_not_waited_for_again(self) -> None:
        cognito = Cognito()
        cognito.logins.append(Outcome.THROTTLED)
        session = session_of(cognito)
        with pytest.raises(LoginError):
            session.token()

        cognito.now_s += BACK_OFF_S
        session.token()

        assert cognito.waits_s == []

    def test_waits_double_up_to_the_cap_and_start_over_after_a_success(self) -> None:
        cognito = Cognito()
        cognito.logins.extend([Outcome.THROTTLED] * 20)
        session = session_of(cognito)
        for _ in range(20):
            with pytest.raises(LoginError):
                session.token()
        tokens = session.token()

        assert cognito.waits_s[:7] == [0.5, 1, 2, 4, 8, 16, 20]
        assert max(cognito.waits_s) == BACK_OFF_CAP_S

        cognito.waits_s.clear()
        cognito.logins.append(Outcome.THROTTLED)
        with pytest.raises(LoginError):
            session.force(tokens)
        session.force(tokens)
        assert cognito.waits_s == [BACK_OFF_S]

    def test_waits_are_spread_over_their_whole_range(self) -> None:
        """Users who were throttled together must not come back together."""
        drawn = [0.0, 0.25, 1.0]
        waits = []
        for share in drawn:
            cognito = Cognito()
            cognito.logins.append(Outcome.THROTTLED)
            session = session_of(cognito, random=lambda share=share: share)
            with pytest.raises(LoginError):
                session.token()
            session.token()
            waits.append(sum(cognito.waits_s))

        assert waits == [0.0, 0.25 * BACK_OFF_S, BACK_OFF_S]


class TestForce:
    def test_a_refused_token_is_replaced_by_a_full_login(self) -> None:
        """A refresh would do nothing for a user who was signed out everywhere."""
        cognito = Cognito()
        session = session_of(cognito)
        refused = session.token()

        fresh = session.force(refused)

        assert fresh is not refused
        assert session.token() is fresh
        assert cognito.asked == [Reason.INITIAL, Reason.FORCED]

    def test_however_many_ask_a_refused_token_costs_one_login(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)
        refused = session.token()

        assert len({id(session.force(refused)) for _ in range(5)}) == 1
        assert cognito.asked == [Reason.INITIAL, Reason.FORCED]

    def test_a_refused_token_is_never_handed_out_again(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)
        refused = session.token()
        cognito.logins.append(Outcome.THROTTLED)
        with pytest.raises(LoginError):
            session.force(refused)

        assert session.token() is not refused
        assert cognito.asked == [Reason.INITIAL, Reason.FORCED, Reason.FORCED]

    def test_instead_of_an_old_token_nobody_gets_one_that_has_expired_meanwhile(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)
        old = session.token()
        cognito.now_s += HOUR_S
        expired = session.token()
        cognito.now_s += HOUR_S

        fresh = session.force(old)

        assert fresh is not old
        assert fresh is not expired
        assert cognito.expires_at_s[id(fresh)] > cognito.now_s
        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH, Reason.REFRESH]

    def test_the_renewal_after_a_forced_login_is_an_ordinary_one(self) -> None:
        cognito = Cognito()
        session = session_of(cognito)
        session.force(session.token())

        cognito.now_s += HOUR_S
        session.token()

        assert cognito.asked[-1] is Reason.REFRESH


class TestLives:
    def test_a_life_that_the_token_itself_denies_is_reported_once(self) -> None:
        cognito = Cognito(life_s=HOUR_S)
        session = session_of(cognito)
        answer = cognito._answer
        cognito._answer = lambda *given: replace(answer(*given), access_token=jwt(600))

        session.token()
        cognito.now_s += HOUR_S
        session.token()

        assert len(cognito.said) == 1
        assert "3600" in cognito.said[0]
        assert "600 s" in cognito.said[0]

    @pytest.mark.parametrize("access_token", [jwt(HOUR_S), jwt(HOUR_S + 60), jwt(HOUR_S - 60), "opaque"])
    def test_lives_that_agree_or_cannot_be_read_are_not_worth_a_word(self, access_token: str) -> None:
        cognito = Cognito(life_s=HOUR_S)
        answer = cognito._answer
        cognito._answer = lambda *given: replace(answer(*given), access_token=access_token)

        session_of(cognito).token()

        assert cognito.said == []


class TestManyAtOnce:
    """Greenlets that share a session, as the requests of one user do."""

    def meet(self, cognito: Cognito, *asks: Callable[[], Tokens]) -> list[Tokens | LoginError]:
        """Let all ask while the first one's login is in flight, then let it be answered."""
        cognito.pause = lambda: gevent.sleep(0.005)

        def outcome(ask: Callable[[], Tokens]) -> Tokens | LoginError:
            try:
                return ask()
            except LoginError as failure:
                return failure

        greenlets = [gevent.spawn(outcome, ask) for ask in asks]
        gevent.joinall(greenlets, raise_error=True, timeout=30)
        return [greenlet.value for greenlet in greenlets]

    def test_all_share_one_login(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, lock=gevent.lock.RLock())

        got = self.meet(cognito, *[session.token] * 10)

        assert all(tokens is cognito.issued[0] for tokens in got)
        assert cognito.asked == [Reason.INITIAL]

    def test_all_share_one_failure(self) -> None:
        """Ten waiters must not each make the call that has just been throttled."""
        cognito = Cognito()
        cognito.logins.append(Outcome.THROTTLED)
        session = session_of(cognito, lock=gevent.lock.RLock())

        got = self.meet(cognito, *[session.token] * 10)

        assert [failure.outcome for failure in got] == [Outcome.THROTTLED] * 10
        assert cognito.asked == [Reason.INITIAL]

    def test_who_asks_after_a_failure_makes_a_try_of_its_own(self) -> None:
        cognito = Cognito()
        cognito.logins.append(Outcome.THROTTLED)
        session = session_of(cognito, lock=gevent.lock.RLock())

        self.meet(cognito, session.token)
        (got,) = self.meet(cognito, session.token)

        assert got is cognito.issued[0]

    def test_all_whose_token_was_refused_share_one_forced_login(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, lock=gevent.lock.RLock())
        refused = session.token()

        got = self.meet(cognito, *[lambda: session.force(refused)] * 5, session.token)

        assert all(tokens is cognito.issued[1] for tokens in got)
        assert cognito.asked == [Reason.INITIAL, Reason.FORCED]

    def test_all_whose_token_was_refused_share_a_failed_forced_login(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, lock=gevent.lock.RLock())
        refused = session.token()
        cognito.logins.append(Outcome.SERVER_ERROR)

        got = self.meet(cognito, *[lambda: session.force(refused)] * 5)

        assert [failure.outcome for failure in got] == [Outcome.SERVER_ERROR] * 5
        assert cognito.asked == [Reason.INITIAL, Reason.FORCED]

    def test_one_that_is_stopped_in_its_login_leaves_the_way_free(self) -> None:
        cognito = Cognito()
        session = session_of(cognito, lock=gevent.lock.RLock())
        cognito.pause = lambda: gevent.sleep(60)
        stopped = gevent.spawn(session.token)
        waiting = gevent.spawn(session.token)
        gevent.sleep(0)
        cognito.pause = lambda: None

        stopped.kill()

        assert waiting.get(timeout=30) is cognito.issued[0]
        assert cognito.asked == [Reason.INITIAL, Reason.INITIAL]


class AnySequence(RuleBasedStateMachine):
    """Whatever happens in whatever order, the promises of a session hold."""

    def __init__(self) -> None:
        super().__init__()
        self.cognito = Cognito()
        self.share = 1.0
        self.session = session_of(self.cognito, random=lambda: self.share)
        self.is_rejected = False
        self.refused: set[int] = set()
        self.seen: list[Tokens] = []

    @rule(seconds=st.floats(0, 2 * HOUR_S))
    def time_passes(self, seconds: float) -> None:
        self.cognito.now_s += seconds

    @rule(life_s=st.sampled_from([1, 3, 60, 300, HOUR_S]), gives=st.booleans(), share=st.floats(0, 1))
    def the_pool_changes(self, life_s: int, gives: bool, share: float) -> None:
        self.cognito.life_s, self.cognito.gives_refresh_token, self.share = life_s, gives, share

    @rule(outcomes=st.lists(st.sampled_from([Outcome.OK, *TRANSIENT]), max_size=3))
    def logins_will_end(self, outcomes: list[Outcome]) -> None:
        self.cognito.logins.extend(outcomes)

    @rule(outcomes=st.lists(st.sampled_from([Outcome.OK, Outcome.REJECTED, *TRANSIENT]), max_size=3))
    def refreshes_will_end(self, outcomes: list[Outcome]) -> None:
        self.cognito.refreshes.extend(outcomes)

    @rule(outcome=st.sampled_from(FINAL))
    def the_password_is_changed(self, outcome: Outcome) -> None:
        self.cognito.logins.appendleft(outcome)

    @rule()
    def ask(self) -> None:
        self.check(self.session.token)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def an_api_refuses(self, data: st.DataObject) -> None:
        refused = data.draw(st.sampled_from(self.seen[-2:]))
        self.refused.add(id(refused))
        self.check(lambda: self.session.force(refused))

    def check(self, ask: Callable[[], Tokens]) -> None:
        asked, waits = len(self.cognito.asked), len(self.cognito.waits_s)
        try:
            tokens = ask()
        except LoginError as failure:
            if self.is_rejected:
                assert len(self.cognito.asked) == asked, "a rejected password was tried again"
            self.is_rejected = failure.outcome in FINAL
        else:
            left_s = self.cognito.expires_at_s[id(tokens)] - self.cognito.now_s
            assert left_s >= min(60, 0.4 * tokens.expires_in_s) - 1e-6
            assert id(tokens) not in self.refused
            self.seen.append(tokens)
        assert len(self.cognito.asked) - asked <= 2, "more than a refresh and a full login for one question"
        assert len(self.cognito.waits_s) - waits <= 1
        if len(self.cognito.asked) - asked == 2:
            assert self.cognito.asked[-2:] == [Reason.REFRESH, Reason.EXPIRED]

    @invariant()
    def waits_are_bounded(self) -> None:
        assert all(0 < wait_s <= BACK_OFF_CAP_S for wait_s in self.cognito.waits_s)


AnySequence.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnySequence = AnySequence.TestCase


class TestRenewal:
    @pytest.mark.parametrize(
        ("life_s", "drawn", "after_s"),
        [
            (3600, 0.0, 3540),  # at the margin
            (3600, 1.0, 1770),  # as early as the window allows: half of what is left
            (3600, 0.5, 2655),  # in the middle of it
            (3, 0.0, 1.8),  # a short life: the margin is 40 % of it
            (3, 1.0, 0.9),  # and the window half of the rest
        ],
    )
    def test_a_token_is_renewed_at_a_moment_of_its_own_before_the_margin(self, life_s, drawn, after_s):
        assert Renewal(random=lambda: drawn).after_s(life_s) == pytest.approx(after_s)

    def test_without_a_spread_everybody_renews_at_the_margin(self):
        assert Renewal(spread_share=0.0, random=lambda: 1.0).after_s(3600) == 3540

    def test_a_wider_margin_is_kept(self):
        assert Renewal(margin_s=600, random=lambda: 0.0).after_s(3600) == 3000

    @given(st.floats(1, 1e6), st.floats(0, 1e4), st.floats(0, 0.99), st.floats(0, 1))
    def test_never_at_once_and_never_after_the_margin(self, life_s, margin_s, spread_share, drawn):
        after_s = Renewal(margin_s, spread_share, lambda: drawn).after_s(life_s)
        assert 0 < after_s <= life_s - min(margin_s, 0.4 * life_s)

    def test_a_session_draws_anew_for_each_token(self):
        cognito, draws = Cognito(), deque([0.0, 1.0, 0.0])
        session = TokenSession(
            cognito.log_in,
            cognito.refresh,
            Penalty(lambda: 1.0),
            now=lambda: cognito.now_s,
            wait=cognito.wait,
            held=SharedTokens(nullcontext()),
            report=cognito.said.append,
            renewal=Renewal(random=draws.popleft),
        )
        session.token()
        cognito.now_s += 3539
        session.token()
        assert cognito.asked == [Reason.INITIAL], "the first draw: at the margin"
        cognito.now_s += 1
        session.token()
        cognito.now_s += 1770
        session.token()
        assert cognito.asked == [Reason.INITIAL, Reason.REFRESH, Reason.REFRESH], "the second: half as late"
