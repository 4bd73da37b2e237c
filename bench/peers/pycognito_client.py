"""pycognito inside a Locust user."""

from bench.locust_peer import failed_requests, locust
from bench.names import PYCOGNITO, SRP_LOGIN
from bench.peer import Peer

PEERS = (
    Peer(
        PYCOGNITO,
        SRP_LOGIN,
        locust("login_pycognito.py"),
        note="its AWSSRP on one boto3 client for the process, no retries",
        warm_requests=20,
        faults=failed_requests,
    ),
)
