"""Whether login users will have accounts: their own, or those of API users on the same process."""

from __future__ import annotations

import pytest
from locust.env import Environment

from harness.credentials import CsvDataSet, read
from harness.load.plan import load_model
from harness.load.run.setup import too_few_for_logins
from harness.load.users import CognitoApiUser, CognitoLoginUser


class Api(CognitoApiUser):
    """Has an account."""


class Login(CognitoLoginUser):
    """Logs in with any."""


@pytest.mark.parametrize(
    ("classes", "users", "processes", "is_apart"),
    [
        ([Api, Login], 10, 1, False),  # all on one process
        ([Api, Login], 10, 2, True),  # Locust takes classes and workers in turn: each worker gets one class
        ([Api, Login], 9, 3, False),
        ([Login], 4, 2, True),
        ([Api], 4, 2, False),
        ([Login], 0, 2, False),  # a load shape: nobody knows yet
    ],
)
def test_locusts_own_dispatcher_says_who_will_be_where(classes, users, processes, is_apart):
    environment = Environment(user_classes=classes)
    plan = load_model.planned(environment, users, processes)
    assert len(plan) == processes
    assert load_model.log_in_apart(environment, plan) is is_apart


def test_processes_that_only_log_in_need_rows_besides_those_of_api_users(tmp_path):
    (tmp_path / "users.csv").write_text("username,password\na,Passw0rd!\nb,Passw0rd!\nc,Passw0rd!\n")
    users = read(CsvDataSet(str(tmp_path / "users.csv")))
    (problem,) = too_few_for_logins(users, 2, 2)
    assert "1 missing" in problem.message
    assert too_few_for_logins(users, 1, 2) == []
    assert too_few_for_logins(users, 3, 0) == []
