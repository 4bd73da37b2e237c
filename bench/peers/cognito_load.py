"""This project, as its users run it: `locust` with a locustfile, sessions, evidence, gates and all."""

from bench.locust_peer import failed_requests, locust
from bench.names import API_WORKS, SIGNED_LOGIN, SRP_LOGIN, SUBJECT, UNSIGNED_LOGIN
from bench.peer import Peer
from harness.errors import EXIT

OPTIONS = (
    *("--cognito-client-id", "{client_id}", "--cognito-endpoint", "{endpoint}", "--cognito-region", "{region}"),
    *("--cognito-users", "{users}"),
)
GOOD_EXITS = frozenset({EXIT.PASSED, EXIT.INVALID})
"""A generator that uses its whole core calls its own run invalid; here that is the point of it."""

PEERS = (
    Peer(
        SUBJECT,
        SIGNED_LOGIN,
        locust("login_cognito_load.py", *OPTIONS, "--cognito-sign", "always"),
        note="CognitoLoginUser: session, sample, histograms and Locust's event included",
        good_exits=GOOD_EXITS,
        faults=failed_requests,
    ),
    Peer(
        SUBJECT,
        UNSIGNED_LOGIN,
        locust("login_cognito_load.py", *OPTIONS, "--cognito-sign", "never"),
        note="CognitoLoginUser: session, sample, histograms and Locust's event included",
        good_exits=GOOD_EXITS,
        faults=failed_requests,
    ),
    Peer(
        SUBJECT,
        SRP_LOGIN,
        lambda site: locust(
            "login_cognito_load.py",
            *(*OPTIONS, "--cognito-sign", "never", "--cognito-flow", "USER_SRP_AUTH"),
            *("--cognito-user-pool-id", site.user_pool_id),
        )(site),
        note="arithmetic by gmpy2, off the event loop",
        good_exits=GOOD_EXITS,
        faults=failed_requests,
    ),
    *(
        Peer(
            SUBJECT,
            work,
            locust("api_cognito_load.py", *OPTIONS, "--cognito-sign", "always"),
            note="CognitoApiUser: the token of the user's own session on each request, evidence included",
            environment=environment,
            good_exits=GOOD_EXITS,
            faults=failed_requests,
        )
        for work, environment in API_WORKS.items()
    ),
)
