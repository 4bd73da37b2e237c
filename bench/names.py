"""What works and contestants are called: peers and targets find each other by these."""

SIGNED_LOGIN = "signed login"
UNSIGNED_LOGIN = "unsigned login"
API = "API request"
API_EXTRACTION = "API request with extraction"
API_COOKIE = "API request with a cookie"
SRP_LOGIN = "SRP login"
API_WORKS: dict[str, dict[str, str]] = {
    API: {},
    API_EXTRACTION: {"BENCH_EXTRACTS": "yes"},
    API_COOKIE: {"BENCH_PATH": "/cookie"},
}
"""What makes each of them of the same locustfile."""

SUBJECT = "cognito-load"
FAST_HTTP = "FastHttpUser"
HTTP_USER = "HttpUser"
FAST_HTTP_BOTOCORE = "FastHttpUser + botocore SigV4"
K6 = "k6"
WRK = "wrk"
JMETER = "JMeter"
PYCOGNITO = "pycognito in a Locust user"
BOTO3 = "boto3 in a Locust user"
SANDBOX = "sandbox"
SANDBOX_API = "sandbox's API, few connections"
SANDBOX_CONNECTIONS = "sandbox's API, 5,000 connections"
MOTO = "moto_server"
MINISTACK = "ministack"
COGNITO_LOCAL = "cognito-local"
RSA_BOUND = "two RSA-2048 signatures"
BOTOCORE_SIGNER = "botocore SigV4Auth"
"""The names in the table."""
