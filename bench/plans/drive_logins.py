"""Logs in without a pause over four connections, and counts in a file; needs nothing but the standard library.

python drive_logins.py ENDPOINT CLIENT_ID USERNAME PASSWORD COUNTER
"""

import json
import mmap
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 4
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    # Emulators of many services read from this whom a request is for; none of these checks it.
    "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/cognito-idp/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
endpoint, client_id, username, password, counter = sys.argv[1:]
body = json.dumps(
    {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client_id,
        "AuthParameters": {"USERNAME": username, "PASSWORD": password},
    }
)
with Path(counter).open("r+b") as file:
    page = mmap.mmap(file.fileno(), 8)
lock = threading.Lock()
done = 0


def log_in_for_ever() -> None:
    """Every answer must hold a token."""
    global done  # noqa: PLW0603  # a program of one number
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    while True:
        connection.request("POST", "/", body, HEADERS)
        answer = json.loads(connection.getresponse().read())
        assert answer["AuthenticationResult"]["AccessToken"].count(".") == 2
        with lock:
            done += 1
            page[:] = done.to_bytes(8, "little")


for _ in range(CONNECTIONS):
    threading.Thread(target=log_in_for_ever).start()
