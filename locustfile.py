"""The two scenarios. Copy this file and edit it: it is Locust, with a token on every request.

locust Login        load on Cognito itself: login latency under concurrency
locust Api          load on the API behind it: each user logs in once and carries its token
"""

from locust import between, events, task

from harness.load import CognitoApiUser, CognitoLoginUser, Extraction, install

install(events)


class Login(CognitoLoginUser):
    """Does nothing but log in, each time with the next account of its share."""

    wait_time = between(0.5, 1.5)

    @task
    def log_in_once(self) -> None:
        """One login; its statistics are Cognito's."""
        self.log_in()


class Api(CognitoApiUser):
    """Calls the API with the token of its own account; logs in when it needs to, and again when the token expires."""

    wait_time = between(0.5, 1.5)
    order_id = Extraction("orderId", "$.orders[0].id", match_numbers="1", defaults="NOT_FOUND")

    @task(3)
    def read_an_order(self) -> None:
        """Lists the orders, takes the first one's id as JMeter's JSON Extractor would, and reads that order."""
        self.extract(self.order_id, self.client.get("/orders"))
        self.client.get(f"/orders/{self.vars['orderId']}", name="/orders/{id}")

    @task
    def order(self) -> None:
        """Places an order, and checks the answer."""
        with self.client.post("/orders", json={"item": "book", "quantity": 1}, catch_response=True) as response:
            if response.ok and response.json().get("status") != "created":
                response.failure("the order was not created")

    @task
    def who_am_i(self) -> None:
        """Asks the API who it thinks this user is."""
        self.client.get("/me")
