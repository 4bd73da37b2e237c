"""Logs in by SRP without a pause: pycognito in a Locust user, one boto3 client for the process."""

import csv
import itertools
import os
import time
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from locust import User, constant, task
from pycognito.aws_srp import AWSSRP

with Path(os.environ["BENCH_USERS"]).open(newline="", encoding="utf-8") as file:
    ACCOUNTS = itertools.cycle(list(csv.DictReader(file)))
COGNITO = boto3.client(
    "cognito-idp",
    region_name=os.environ["BENCH_REGION"],
    endpoint_url=os.environ["BENCH_ENDPOINT"],
    config=Config(
        signature_version=UNSIGNED,
        retries={"total_max_attempts": 1},
        max_pool_connections=int(os.environ["BENCH_CLIENTS"]) + 5,
    ),
)


class Login(User):
    """Each time with the next account."""

    wait_time = constant(0)

    @task
    def log_in_once(self) -> None:
        """One login, reported to Locust as its documentation shows for other clients."""
        account = next(ACCOUNTS)
        exception = None
        started_s = time.perf_counter()
        try:
            login = AWSSRP(
                account["username"],
                account["password"],
                os.environ["BENCH_USER_POOL_ID"],
                os.environ["BENCH_CLIENT_ID"],
                client=COGNITO,
            )
            self.token = login.authenticate_user()["AuthenticationResult"]["AccessToken"]
        except (BotoCoreError, ClientError) as error:
            exception = error
        self.environment.events.request.fire(
            request_type="pycognito",
            name="login",
            response_time=(time.perf_counter() - started_s) * 1000,
            response_length=0,
            exception=exception,
            context={},
        )
