"""Calls the API without a pause: this project."""

import os

from locust import constant, events, task

from harness.load import CognitoApiUser, Extraction, install

install(events)

PATH = os.environ.get("BENCH_PATH", "/orders")
EXTRACTS = "BENCH_EXTRACTS" in os.environ


class Api(CognitoApiUser):
    """With the token of an account of its own."""

    wait_time = constant(0)
    order_id = Extraction("order_id", "$.orders[0].id", match_numbers="1", defaults="NOT_FOUND")

    @task
    def read_orders(self) -> None:
        """One request."""
        response = self.client.get(PATH)
        if EXTRACTS:
            self.extract(self.order_id, response)
