"""Questions to AWS that change nothing: whose keys these are, how a pool is set up, what its quota is.

Asked once each, with short timeouts and without a second try, by whoever wants to know before a load. boto3 at the
edge, as in `aws`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness.cognito.signing import AwsKeys
from harness.cognito.wire import SERVICE

CONNECT_TIMEOUT_S: Final = 3
READ_TIMEOUT_S: Final = 5
QUOTA: Final = "Rate of {} requests"
"""Its name in Service Quotas, with the category that it is for."""


class UnansweredError(Exception):
    """A question was refused or got no answer.

    Args:
        kind: AWS's name of the error, or botocore's.
        message: AWS's words, without any secret; empty where there are none.
        is_denied: Whether these keys may not ask this.
    """

    def __init__(self, kind: str, message: str = "", *, is_denied: bool = False) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.message = message
        self.is_denied = is_denied


class Inquiry:
    """Asks with one set of keys.

    Args:
        keys: Who asks.
        region: Of the pool.
        endpoint: Cognito's URL where it is not AWS's own.
        has_all: Whether the endpoint stands for all of AWS (a stand-in on this machine): STS is asked there, too.
        ca_bundle: PEM file of the CAs to trust; empty for the system's.
    """

    def __init__(
        self, keys: AwsKeys, *, region: str, endpoint: str = "", has_all: bool = False, ca_bundle: str = ""
    ) -> None:
        self._keys = keys
        self._region = region
        self._endpoint = endpoint
        self._has_all = has_all
        self._ca_bundle = ca_bundle
        self._session: Any = boto3.Session()  # its stubs know services by literal names only

    def caller(self) -> str:
        """The ARN of whoever these keys belong to (GetCallerIdentity).

        Raises:
            UnansweredError: As all questions here.
        """
        sts = self._client("sts", self._endpoint if self._has_all else "")
        return str(_ask(sts.get_caller_identity)["Arn"])

    def user_pool(self, pool_id: str) -> Mapping[str, Any]:
        """DescribeUserPool's UserPool."""
        found: Mapping[str, Any] = _ask(self._cognito.describe_user_pool, UserPoolId=pool_id)["UserPool"]
        return found

    def app_client(self, pool_id: str, client_id: str) -> Mapping[str, Any]:
        """DescribeUserPoolClient's UserPoolClient. It holds the client's secret."""
        ask = self._cognito.describe_user_pool_client
        found: Mapping[str, Any] = _ask(ask, UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
        return found

    def login_quota(self, category: str) -> float | None:
        """Requests per second of this category, for the account in this region; None when the service does not say."""
        name = QUOTA.format(category)
        pages = self._client("service-quotas", "").get_paginator("list_service_quotas")
        found = _ask(lambda: [page["Quotas"] for page in pages.paginate(ServiceCode=SERVICE)])
        return next((float(one["Value"]) for page in found for one in page if one["QuotaName"] == name), None)

    def firewall(self, pool_arn: str) -> str:
        """The name of the web ACL in front of a pool; empty when there is none."""
        answer = _ask(self._client("wafv2", "").get_web_acl_for_resource, ResourceArn=pool_arn)
        return str(answer.get("WebACL", {}).get("Name", ""))

    @cached_property
    def _cognito(self) -> Any:  # noqa: ANN401  # boto3's client
        return self._client(SERVICE, self._endpoint)

    def _client(self, service: str, endpoint: str) -> Any:  # noqa: ANN401  # boto3's client
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return _ask(
            lambda: self._session.client(
                service,
                region_name=self._region,
                endpoint_url=endpoint or None,
                verify=self._ca_bundle or None,
                config=config,
                aws_access_key_id=self._keys.access_key_id,
                aws_secret_access_key=self._keys.secret_access_key,
                aws_session_token=self._keys.session_token or None,
            )
        )


def _ask(question: Callable[..., Any], **parameters: str) -> Any:  # noqa: ANN401  # AWS's answer
    try:
        return question(**parameters)
    except ClientError as error:
        said = error.response.get("Error", {})
        kind = str(said.get("Code", "ClientError"))
        raise UnansweredError(kind, str(said.get("Message", "")), is_denied="AccessDenied" in kind) from None
    except (BotoCoreError, ValueError) as error:  # the latter: an endpoint that is no URL
        raise UnansweredError(type(error).__name__) from None
