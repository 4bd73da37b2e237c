"""boto3 inside a Locust user, the way most locustfiles for Cognito are written."""

from bench.locust_peer import failed_requests, locust
from bench.names import BOTO3, SIGNED_LOGIN
from bench.peer import Peer

PEERS = (
    Peer(
        BOTO3,
        SIGNED_LOGIN,
        locust("login_boto3.py"),
        note="one client for the process, no retries; boto3 does not sign InitiateAuth, so this is without a signature",
        faults=failed_requests,
    ),
)
