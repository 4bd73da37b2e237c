"""Load tests for anything behind Amazon Cognito, and for Cognito itself.

A row of users.csv becomes a login, a login becomes a token, a token rides on API calls, and every exchange becomes
evidence. Read the package in this order:

    errors, outcome            what can go wrong, and what can become of an exchange
    clock                      this machine's against the one that dates answers
    cognito/                   the protocol: calls, signatures, login conversations, tokens, remedies (no I/O)
    extract                    JMeter's JSON Extractor
    evidence/                  samples, metrics, gates, health, reports
    settings, aws, inquiry     every knob; the AWS credential chain and endpoints; questions to AWS
    vault/                     references to secrets, and the secrets that they stand for
    credentials                users.csv as JMeter's CSV Data Set reads it
    transport                  one keep-alive HTTP/1.1 connection and its times
    conversation, session      a login over a connection; a token that is valid now
    doctor/                    what can be known before the load
    prices, provision/         what accounts cost; making and removing them
    load/                      the Locust edge
    sandbox/                   a local Cognito and a protected API, a process of its own
    cli/                       the `cognito-load` command
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cognito-load")
except PackageNotFoundError:  # the package is read from a folder that nobody installed
    __version__ = "0+unknown"
