"""Locust's FastHttpUser, as it is used without this project."""

from bench.locust_peer import failed_requests, locust
from bench.names import API_WORKS, FAST_HTTP, FAST_HTTP_BOTOCORE, SIGNED_LOGIN, UNSIGNED_LOGIN
from bench.peer import Peer

PEERS = (
    Peer(
        FAST_HTTP_BOTOCORE,
        SIGNED_LOGIN,
        locust("login_fast_http.py"),
        note="signed by botocore's SigV4Auth",
        faults=failed_requests,
    ),
    Peer(
        FAST_HTTP,
        UNSIGNED_LOGIN,
        locust("login_fast_http_unsigned.py"),
        faults=failed_requests,
    ),
    *(
        Peer(
            FAST_HTTP,
            work,
            locust("api_locust.py"),
            note="an Authorization header set by hand",
            environment=environment,
            faults=failed_requests,
        )
        for work, environment in API_WORKS.items()
    ),
)
