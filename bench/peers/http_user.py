"""Locust's HttpUser, on requests."""

from bench.locust_peer import failed_requests, locust
from bench.names import API_WORKS, HTTP_USER, UNSIGNED_LOGIN
from bench.peer import Peer

PEERS = (
    Peer(HTTP_USER, UNSIGNED_LOGIN, locust("login_http.py"), faults=failed_requests),
    *(
        Peer(
            HTTP_USER,
            work,
            locust("api_locust.py"),
            note="an Authorization header set by hand",
            environment={**environment, "BENCH_REQUESTS": "yes"},
            faults=failed_requests,
        )
        for work, environment in API_WORKS.items()
    ),
)
