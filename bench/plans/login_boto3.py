"""Logs in without a pause: boto3 in a Locust user, one client for the process."""

import csv
import itertools
import os
import time
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from locust import User, constant, task

CLIENT_ID = os.environ["BENCH_CLIENT_ID"]
with Path(os.environ["BENCH_USERS"]).open(newline="", encoding="utf-8") as file:
    ACCOUNTS = itertools.cycle(list(csv.DictReader(file)))
COGNITO = boto3.client(
    "cognito-idp",
    region_name=os.environ["BENCH_REGION"],
    endpoint_url=os.environ["BENCH_ENDPOINT"],
    # A retry would hide a refusal in a slow success; the default pool of 10 would make 20 users queue.
    config=Config(retries={"total_max_attempts": 1}, max_pool_connections=int(os.environ["BENCH_CLIENTS"]) + 5),
)


class Login(User):
    """Each time with the next account."""

    wait_time = constant(0)

    @task
    def log_in_once(self) -> None:
        """One login, reported to Locust as its documentation shows for other clients."""
        account = next(ACCOUNTS)
        parameters = {"USERNAME": account["username"], "PASSWORD": account["password"]}
        exception = None
        started_s = time.perf_counter()
        try:
            answer = COGNITO.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=CLIENT_ID, AuthParameters=parameters)
            self.token = answer["AuthenticationResult"]["AccessToken"]
        except (BotoCoreError, ClientError) as error:
            exception = error
        self.environment.events.request.fire(
            request_type="boto3",
            name="InitiateAuth",
            response_time=(time.perf_counter() - started_s) * 1000,
            response_length=0,
            exception=exception,
            context={},
        )
