"""Signatures for several logins in a row: everybody gets their own, and nobody waits for all."""

from __future__ import annotations

import threading

import gevent
import jwt
import pytest

from harness.sandbox.state.batch_signer import MOST, BatchSigner
from harness.sandbox.state.clock import Chance
from harness.sandbox.state.keys import KeyPair


class Diary:
    """A key that writes down what is done with it."""

    def __init__(self, events):
        self.events = events

    def message(self, claims):
        self.events.append(("message", claims["sub"]))
        return str(claims["sub"]).encode()

    def signature(self, message):
        self.events.append(("signature", int(message)))
        return b"-" + message

    def token(self, message, signature):
        self.events.append(("token", int(message)))
        return (message + signature).decode()


def steps(events, what):
    return [number for step, number in events if step == what]


@pytest.fixture(scope="module")
def keys():
    return KeyPair.generate(Chance())


def test_each_token_is_signed_by_its_key(keys):
    tokens = BatchSigner(gevent.sleep).sign((keys.access, {"sub": "a"}), (keys.id, {"sub": "b"}))
    for token, key, sub in zip(tokens, (keys.access, keys.id), "ab", strict=True):
        assert jwt.decode(token, key.public_key, ["RS256"]) == {"sub": sub}
        assert jwt.get_unverified_header(token) == {"kid": key.kid, "alg": "RS256"}


def test_who_comes_together_is_signed_for_together_and_gets_their_own():
    events = []
    press, key = BatchSigner(gevent.sleep), Diary(events)
    logins = [gevent.spawn(press.sign, (key, {"sub": number})) for number in range(5)]
    gevent.joinall(logins, timeout=5)
    assert [login.value for login in logins] == [[f"{number}-{number}"] for number in range(5)]
    assert [step for step, _ in events] == ["message"] * 5 + ["signature"] * 5 + ["token"] * 5


def test_a_crowd_is_answered_in_parts_and_in_order():
    events = []
    press, key = BatchSigner(gevent.sleep), Diary(events)
    logins = [gevent.spawn(press.sign, (key, {"sub": number})) for number in range(MOST + 2)]
    gevent.joinall(logins, timeout=5)
    assert steps(events, "signature") == steps(events, "token") == [*range(MOST + 2)]
    assert events.index(("token", 0)) < events.index(("signature", MOST))


def test_who_goes_away_while_waiting_harms_nobody():
    press, key = BatchSigner(gevent.sleep), Diary([])
    logins = [gevent.spawn(press.sign, (key, {"sub": number})) for number in range(3)]
    gevent.sleep(0)  # all of them have ordered
    logins[0].kill(block=False)
    gevent.joinall(logins, timeout=5)
    assert [login.value for login in logins[1:]] == [["1-1"], ["2-2"]]


def test_a_signature_that_fails_fails_for_one_and_not_for_who_came_with_it():
    class Broken(Diary):
        def signature(self, message):
            raise ValueError("no key")

    press, key = BatchSigner(gevent.sleep), Diary([])
    broken = gevent.spawn(press.sign, (Broken([]), {"sub": 0}))
    good = gevent.spawn(press.sign, (key, {"sub": 1}))
    gevent.joinall([broken, good], timeout=5)
    assert isinstance(broken.exception, ValueError)
    assert good.value == ["1-1"]


def test_two_threads_may_share_it(keys):
    """As a test does that looks into the sandbox it talks to."""
    press, found = BatchSigner(gevent.sleep), {}

    def work(name):
        logins = [gevent.spawn(press.sign, (keys.access, {"sub": f"{name}-{number}"})) for number in range(20)]
        gevent.joinall(logins, timeout=30)
        found[name] = [jwt.decode(login.value[0], keys.access.public_key, ["RS256"])["sub"] for login in logins]

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {name: [f"{name}-{number}" for number in range(20)] for name in "ab"}
