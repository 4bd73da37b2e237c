"""The server for machines without nginx."""

import json
from http.client import HTTPConnection

import pytest

from bench.canned import api_answer
from bench.contest import Venue
from bench.servers import fallback


@pytest.fixture
def server(tmp_path):
    with fallback.start(Venue(tmp_path, None, None)) as server:
        yield server


def test_it_answers_logins_and_api_requests_on_one_connection_and_counts_them(server):
    connection = HTTPConnection(server.endpoint.removeprefix("http://"), timeout=10)
    connection.request("POST", "/", body=b"x" * 70_000)
    assert "AccessToken" in json.load(connection.getresponse())["AuthenticationResult"]
    connection.request("GET", "/orders")
    assert connection.getresponse().read().decode() == api_answer()
    assert server.count() == 2
    connection.close()
