"""Calls that did not arrive as they were meant: signatures, proxies, connections; and faults of the service."""

from __future__ import annotations

from typing import Final

from harness.cognito.remedies.row import Row
from harness.cognito.wire import MISSING_TARGET, MISSING_TOKEN, NO_AWS_KEYS, NOT_COGNITO

ROWS: Final = (
    # In front of Cognito
    Row(
        "ForbiddenException",
        "",
        "The web ACL (AWS WAF) of the pool blocked the request, often by a rate limit for one IP address.",
        "Let the generators' addresses through in the web ACL, or spread the load over more of them.",
    ),
    Row(
        MISSING_TARGET,
        "",
        "The X-Amz-Target header did not arrive, or the endpoint does not know it.",
        "Look for a proxy that strips the header, and check that --cognito-endpoint is a Cognito endpoint.",
    ),
    Row(
        NOT_COGNITO,
        "ExpiresIn",
        "The endpoint gave a token but not the seconds that it is good for, which Cognito always does.",
        "Check that --cognito-endpoint is Cognito, or correct the stand-in that answers there.",
    ),
    Row(
        NOT_COGNITO,
        "",
        "Something else than Cognito answered: a proxy's page, a gateway, another service.",
        "Open --cognito-endpoint by hand from this machine, and see who answers.",
    ),
    Row(
        MISSING_TOKEN,
        "no id token",
        "The login brought an access token only.",
        "Use --cognito-token-use access, if the API takes access tokens.",
    ),
    Row(
        MISSING_TOKEN,
        "",
        "Cognito answered without an error and without an access token, or the extractor's path does not find it.",
        "Look at the answer by `cognito-load login`, and check that --cognito-endpoint is Cognito.",
    ),
    # Signatures
    Row(
        "UnrecognizedClientException",
        "",
        "AWS does not know the access key: it was deleted, it expired, or it belongs to another partition.",
        "Renew the IAM credentials, and check which source of the credential chain they came from.",
    ),
    Row(
        NO_AWS_KEYS,
        "",
        "The AWS credentials that sign the calls ran out during the run and could not be renewed.",
        "Log in again (`aws sso login`), or use credentials that the chain can renew by itself for the whole run.",
    ),
    Row(
        "ExpiredTokenException",
        "",
        "The temporary AWS credentials have run out.",
        "Log in again (`aws sso login`), or use credentials that the chain can renew by itself.",
    ),
    Row(
        "InvalidSignatureException",
        "Credential should be scoped to a valid region",
        "The call was signed for another region than the endpoint's.",
        "Make --cognito-region the region in the endpoint's name.",
    ),
    Row(
        "InvalidSignatureException",
        "Credential should be scoped to correct service",
        "The call was signed for another service than Cognito user pools.",
        "Send it to a cognito-idp endpoint, whose signatures carry exactly the service name `cognito-idp`.",
    ),
    Row(
        "InvalidSignatureException",
        "Signature expired: {}|Signature not yet current: {}",
        "This machine's clock is more than five minutes off.",
        "Correct the clock (NTP), in a virtual machine after a suspend in particular.",
    ),
    Row(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided",
        "The secret access key is wrong, the clock is off, the region or service signed for is not the endpoint's, or "
        "a proxy changed a signed header.",
        "Set the secret access key anew, check that the service is exactly `cognito-idp` and the region the "
        "endpoint's, and correct the clock.",
    ),
    Row(
        "InvalidSignatureException",
        "",
        "The signature does not fit the call: secret access key, region, service or clock are not what AWS expects.",
        "Check that the service is exactly `cognito-idp` and the region the endpoint's, and correct keys and clock.",
    ),
    Row(
        "IncompleteSignatureException",
        "",
        "The Authorization header arrived without all of its parts.",
        "Look for a proxy that rewrites the header, and use --cognito-sign never if the endpoint needs no signature.",
    ),
    Row(
        "MissingAuthenticationTokenException",
        "",
        "The call had to be signed and was not: no AWS credentials were found, or a reference to them did not resolve.",
        "Give the AWS credential chain credentials (environment, profile, SSO, role), and do not set --cognito-sign "
        "never.",
    ),
    Row(
        "AccessDeniedException",
        "",
        "The AWS credentials are good, but their policy does not allow this operation on this pool.",
        "Allow the operation that the message names in the policy of that user or role.",
    ),
    # Requests that Cognito cannot read, and faults of its own
    Row(
        "SerializationException",
        "",
        "The body did not arrive as JSON of the shape that the operation takes.",
        "Look for a proxy that changes or compresses bodies.",
    ),
    Row(
        "UnknownOperationException",
        "",
        "The endpoint does not have the operation that X-Amz-Target names.",
        "Check that --cognito-endpoint is a cognito-idp endpoint, or a stand-in that knows this operation.",
    ),
    Row(
        "InternalErrorException",
        "",
        "Cognito failed by itself.",
        "Repeat the run, and if it stays, open a support case with the time and the request ids.",
    ),
    Row(
        "ServiceUnavailableException",
        "",
        "Cognito was not able to take the call for the moment.",
        "Look at the AWS Health Dashboard for this region, and repeat the run with a slower ramp-up.",
    ),
    # No answer at all
    Row(
        "ConnectError",
        "proxy",
        "The proxy of HTTPS_PROXY could not be reached, or would not connect on to the endpoint.",
        "Correct HTTPS_PROXY, or list the endpoint's host in NO_PROXY.",
    ),
    Row(
        "ConnectError",
        "certificate|hostname mismatch",
        "The server's certificate is not signed by a CA that is trusted here, is out of date, or is for another host.",
        "Give the CA's certificate by --cognito-ca-bundle, and use the host name that the certificate is for.",
    ),
    Row(
        "ConnectError",
        "TLS|SSL|handshake|wrong version number",
        "The connection was made, but no TLS session came about on it.",
        "Check that the endpoint's port speaks https, and that nothing in between ends the connection.",
    ),
    Row(
        "ConnectError",
        "refused",
        "Nothing listens at the endpoint's host and port, or a firewall rejects the connection.",
        "Check host and port of --cognito-endpoint, and that the server behind them runs.",
    ),
    Row(
        "ConnectError",
        "resolve|resolution|getaddrinfo|not known|no address|nodename|look up|DNS",
        "The endpoint's host name has no address, or no DNS server answered.",
        "Check the spelling of --cognito-region and --cognito-endpoint, and this machine's DNS.",
    ),
    Row(
        "ConnectError",
        "unreachable",
        "This machine has no route to the endpoint's address.",
        "Check the network, the VPN and the security group, or set HTTPS_PROXY if a proxy is the only way out.",
    ),
    Row(
        "ConnectError",
        "too many open files|no local port",
        "This machine ran out of file descriptors or of local ports for new connections.",
        "Raise `ulimit -n`, use --cognito-connection keep, or spread the load over more machines.",
    ),
    Row(
        "ConnectError",
        "",
        "No connection to the endpoint could be made.",
        "Check --cognito-endpoint, the route to it, and how many connections and ports this machine allows.",
    ),
    Row(
        "TimedOutError",
        "no connection|connect timeout|while connecting",
        "The endpoint did not take the connection in time: a firewall that drops packets, or a full queue of "
        "connections.",
        "Check that this machine may reach the endpoint's port, and whether it does with fewer users.",
    ),
    Row(
        "TimedOutError",
        "did not end",
        "The answer began and came so slowly that it did not end: a network that loses packets, or another server.",
        "Open --cognito-endpoint by hand from this machine, and look at proxies and the network on the way.",
    ),
    Row(
        "TimedOutError",
        "",
        "The answer did not come in time, while the server may still have done what was asked.",
        "Look for what is slow behind the endpoint (a Lambda trigger, say), and repeat the run with fewer users.",
    ),
    Row(
        "ProtocolError",
        "longer than|larger than|too long|too large|limit",
        "The answer is larger than any of Cognito's can be.",
        "Open --cognito-endpoint by hand from this machine, and see who answers.",
    ),
    Row(
        "ProtocolError",
        "closed|cut off|reset",
        "The server, or something on the way to it, dropped the connection in the middle of an exchange.",
        "Look at load balancers and NAT gateways for idle timeouts and connection limits, and at the server's own log.",
    ),
    Row(
        "ProtocolError",
        "",
        "What came back is not HTTP.",
        "Check that the endpoint's port speaks HTTP, and https if its URL says so.",
    ),
    Row(
        "TransportError",
        "from this side",
        "The generator closed the connection itself, as it does when a run is stopped.",
        "Give the run more time to stop (--stop-timeout), or leave out what it cut off.",
    ),
    Row(
        "TransportError",
        "TLS",
        "The TLS session broke down in the middle of an exchange.",
        "Look at what ends TLS in front of the server, and at its own log.",
    ),
    Row(
        "TransportError",
        "",
        "The connection broke after the request was sent, so that the server may have done what was asked.",
        "Look at load balancers and NAT gateways for connection limits and time limits, and at the server's own log.",
    ),
)
