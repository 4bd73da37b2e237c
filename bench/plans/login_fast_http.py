"""Logs in without a pause: FastHttpUser, signed by botocore."""

import csv
import itertools
import json
import os
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from locust import FastHttpUser, constant, task

CLIENT_ID = os.environ["BENCH_CLIENT_ID"]
URL = os.environ["BENCH_ENDPOINT"] + "/"
with Path(os.environ["BENCH_USERS"]).open(newline="", encoding="utf-8") as file:
    ACCOUNTS = itertools.cycle(list(csv.DictReader(file)))
KEYS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
SIGNER = SigV4Auth(KEYS, "cognito-idp", os.environ["BENCH_REGION"])
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    "X-Amz-User-Agent": "aws-amplify/5.0.4 auth framework/5",
}


class Login(FastHttpUser):
    """Each time with the next account."""

    wait_time = constant(0)

    @task
    def log_in_once(self) -> None:
        """One login: write the body, sign it, send it, read the access token."""
        account = next(ACCOUNTS)
        parameters = {"USERNAME": account["username"], "PASSWORD": account["password"]}
        body = json.dumps({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters})
        request = AWSRequest("POST", URL, data=body, headers=HEADERS)
        SIGNER.add_auth(request)
        response = self.client.post("/", data=body, headers=dict(request.headers.items()), name="InitiateAuth")
        self.token = response.json()["AuthenticationResult"]["AccessToken"]
