"""One signature: ours, and botocore's of the same request."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.canned import CLIENT_ID, REGION
from bench.contest import Field, Target, Venue, Work
from bench.names import BOTOCORE_SIGNER, SUBJECT
from bench.works.here import Function
from harness.cognito.signing import AwsKeys, Signer

KEY_ID, SECRET = "AKIABENCHBENCHBENCH0", "made-up/made-up/made-up/made-up/made-up0"
HOST = f"cognito-idp.{REGION}.amazonaws.com"
TARGET = "AWSCognitoIdentityProviderService.InitiateAuth"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": TARGET,
    "X-Amz-User-Agent": "aws-amplify/5.0.4 auth framework/5",
}
BODY = json.dumps(
    {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": CLIENT_ID,
        "AuthParameters": {"USERNAME": "bench-0001@example.com", "PASSWORD": "Bench-Pass-0001!"},
    }
).encode()


@contextmanager
def gather(_venue: Venue) -> Iterator[Field]:
    """Both signers, given the same keys and the same request."""
    ours = Signer(AwsKeys(KEY_ID, SECRET), region=REGION, host=HOST)
    theirs = SigV4Auth(Credentials(KEY_ID, SECRET), "cognito-idp", REGION)

    def sign_with_botocore() -> None:
        theirs.add_auth(AWSRequest("POST", f"https://{HOST}/", data=BODY, headers=HEADERS))

    yield Field(
        [
            Function(SUBJECT, "harness.cognito.signing", lambda: ours.sign(TARGET, BODY, time.time())),
            Function(BOTOCORE_SIGNER, "the AWSRequest that it needs included", sign_with_botocore),
        ]
    )


WORK = Work(
    title="SigV4 signature",
    unit="signatures",
    method=f"InitiateAuth with a body of {len(BODY)} bytes, the wall clock read for each.",
    gather=gather,
    targets=(Target(SUBJECT, at_most_us=10.0),),
    longest_round_s=0.5,
)
