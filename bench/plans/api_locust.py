"""Calls the API without a pause: one of Locust's own users, with a token that somebody got beforehand."""

import json
import os
from urllib.request import Request, urlopen

from locust import FastHttpUser, HttpUser, constant, task

LOGIN = Request(os.environ["BENCH_ENDPOINT"] + "/", data=b"{}", method="POST")  # noqa: S310  # http, to the bench's own server
with urlopen(LOGIN) as answer:  # noqa: S310  # the same
    TOKEN = json.load(answer)["AuthenticationResult"]["AccessToken"]
PATH = os.environ.get("BENCH_PATH", "/orders")
EXTRACTS = "BENCH_EXTRACTS" in os.environ


class Api(HttpUser if "BENCH_REQUESTS" in os.environ else FastHttpUser):
    """All with the same token."""

    wait_time = constant(0)

    @task
    def read_orders(self) -> None:
        """One request."""
        response = self.client.get(PATH, headers={"Authorization": f"Bearer {TOKEN}"})
        if EXTRACTS:
            self.order_id = response.json()["orders"][0]["id"]
