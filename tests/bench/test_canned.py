"""The canned answers are what the works say they are, and the harness can read them."""

import json

from bench.canned import API_BYTES, LIFE_S, LOGIN_BYTES, api_answer, login_answer
from harness.cognito.tokens import life_s


def test_answers_have_the_size_that_the_table_names():
    assert len(login_answer().encode()) == LOGIN_BYTES
    assert len(api_answer().encode()) == API_BYTES


def test_the_access_token_lives_as_long_as_expires_in_says():
    result = json.loads(login_answer())["AuthenticationResult"]
    assert life_s(result["AccessToken"]) == result["ExpiresIn"] == LIFE_S
