"""Calls the API without a pause: FastHttpUser with a token that somebody got beforehand."""

import json
import os
from urllib.request import Request, urlopen

from locust import FastHttpUser, constant, task

LOGIN = Request(os.environ["BENCH_ENDPOINT"] + "/", data=b"{}", method="POST")  # noqa: S310  # http, to the bench's own server
with urlopen(LOGIN) as answer:  # noqa: S310  # the same
    TOKEN = json.load(answer)["AuthenticationResult"]["AccessToken"]


class Api(FastHttpUser):
    """All with the same token."""

    wait_time = constant(0)

    @task
    def read_orders(self) -> None:
        """One request."""
        self.client.get("/orders", headers={"Authorization": f"Bearer {TOKEN}"})
