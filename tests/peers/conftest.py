"""boto3 on the shared sandbox, and a pool of the test's own in it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

PASSWORD = "Sample-Password-1!"


@pytest.fixture(scope="session")
def aws(sandbox) -> Any:
    """A boto3 client with the sandbox's keys that tries everything once."""
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=sandbox.endpoint,
        region_name=sandbox.region,
        aws_access_key_id=sandbox.access_key_id,
        aws_secret_access_key=sandbox.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def pool_id(aws) -> Any:
    """A pool with nobody in it."""
    pool_id = aws.create_user_pool(PoolName="peers")["UserPool"]["Id"]
    yield pool_id
    aws.delete_user_pool(UserPoolId=pool_id)


@pytest.fixture
def client_id(aws, pool_id) -> str:
    """A client of that pool with all flows of passwords and refreshes."""
    return aws.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="peers",
        ExplicitAuthFlows=[
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
    )["UserPoolClient"]["ClientId"]


@pytest.fixture
def username(aws, pool_id) -> str:
    """A confirmed user of that pool, made as the README says: no message, then a password for good."""
    username = "someone@example.com"
    aws.admin_create_user(
        UserPoolId=pool_id,
        Username=username,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": username}],
    )
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=PASSWORD, Permanent=True)
    return username
