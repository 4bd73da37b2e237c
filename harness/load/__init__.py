"""The Locust edge: what a locustfile imports. Importing it imports Locust, which patches the standard library."""

from harness.load.plugin import install
from harness.load.users import CognitoApiUser, CognitoLoginUser, Extraction

__all__ = ["CognitoApiUser", "CognitoLoginUser", "Extraction", "install"]
