"""Logs in without a pause: HttpUser, unsigned."""

import csv
import itertools
import os
from pathlib import Path

from locust import HttpUser, constant, task

CLIENT_ID = os.environ["BENCH_CLIENT_ID"]
with Path(os.environ["BENCH_USERS"]).open(newline="", encoding="utf-8") as file:
    ACCOUNTS = itertools.cycle(list(csv.DictReader(file)))
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    "X-Amz-User-Agent": "aws-amplify/5.0.4 auth framework/5",
}


class Login(HttpUser):
    """Each time with the next account."""

    wait_time = constant(0)

    @task
    def log_in_once(self) -> None:
        """One login: write the body, send it, read the access token."""
        account = next(ACCOUNTS)
        parameters = {"USERNAME": account["username"], "PASSWORD": account["password"]}
        body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT_ID, "AuthParameters": parameters}
        response = self.client.post("/", json=body, headers=HEADERS, name="InitiateAuth")
        self.token = response.json()["AuthenticationResult"]["AccessToken"]
