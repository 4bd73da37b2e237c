from __future__ import annotations

import pytest

from harness.sandbox.errors import NotAuthorized
from harness.sandbox.state.clock import Chance, Clock
from harness.sandbox.state.session import Sessions


def test_expired_sessions_are_forgotten_as_new_ones_open():
    """Two for each, so that a table that grew in a burst shrinks again."""
    now = [0.0]
    sessions = Sessions(Clock(monotonic=lambda: now[0]), Chance())

    def open_some(number):
        for _ in range(number):
            sessions.open("NEW_PASSWORD_REQUIRED", pool_id="p", client_id="c", username="u", life_s=180)

    open_some(10)
    now[0] = 181.0
    open_some(5)
    assert len(sessions._sessions) == 5


def test_a_session_answers_only_the_challenge_that_it_was_opened_for():
    sessions = Sessions(Clock(), Chance())
    token = sessions.open("NEW_PASSWORD_REQUIRED", pool_id="p", client_id="c", username="u", life_s=180)
    with pytest.raises(NotAuthorized, match="session is expired"):
        sessions.find(token, "SMS_MFA", "c")
    assert sessions.find(token, "NEW_PASSWORD_REQUIRED", "c").username == "u"
