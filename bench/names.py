"""What works and contestants are called: peers and targets find each other by these."""

SIGNED_LOGIN = "signed login"
API = "API request"

SUBJECT = "cognito-load"
FAST_HTTP = "FastHttpUser"
FAST_HTTP_BOTOCORE = "FastHttpUser + botocore SigV4"
BOTO3 = "boto3 in a Locust user"
SANDBOX = "sandbox"
RSA_BOUND = "two RSA-2048 signatures"
BOTOCORE_SIGNER = "botocore SigV4Auth"
"""The names in the table."""
