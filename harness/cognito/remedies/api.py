"""API requests that failed: status codes, and answers that never came whole.

Sources: AWS's API Gateway guide ("Gateway response types", "Troubleshooting issues with HTTP API JWT authorizers",
"Integrate a REST API with an Amazon Cognito user pool", "Quotas"), AWS re:Post's knowledge center on 401 from
COGNITO_USER_POOLS authorizers and on 403 from API Gateway, RFC 6750 section 3.1 (error codes of bearer tokens), RFC
9110 section 15 (status codes). What the messages match is worded by `harness.load.api_errors`.
"""

from __future__ import annotations

from typing import Final

from harness.cognito.remedies.row import Row

_UNAUTHORIZED: Final = (
    Row(
        "HTTP 401",
        "token_use|token use",
        "The API takes the other kind of token: access tokens and id tokens say in `token_use` which they are.",
        "Set --cognito-token-use to the other one of access and id.",
    ),
    Row(
        "HTTP 401",
        "audience|client_id",
        "The API takes no tokens of this app client: an authorizer has a list of client ids (audiences).",
        "Add the client id to that list, or set --cognito-client-id to one that is on it.",
    ),
    Row(
        "HTTP 401",
        "issuer|signature|signing key|kid",
        "The token comes from another user pool than the API trusts: its issuer or its key is not the one that is set "
        "there.",
        "Compare the pool's region and id with the issuer that the API's authorizer is set to.",
    ),
    Row(
        "HTTP 401",
        "expired|not yet valid|used before",
        "The API takes the token for expired, or for one of the future: a clock is off.",
        "Correct the clock of the API's servers; `cognito-load doctor` looks at this machine's.",
    ),
    Row(
        "HTTP 401",
        "scope",
        "The token does not carry a scope that the API asks for; those of Cognito's own logins have none but "
        "aws.cognito.signin.user.admin.",
        "Use --cognito-token-use id, --cognito-flow client_credentials with --cognito-scopes, or have a pre token "
        "generation trigger add the scope.",
    ),
    Row(
        "HTTP 401",
        "fresh access token",
        "The API refuses access tokens that were just issued: it may want the id token, as a Cognito authorizer does "
        "for methods without scopes, or tokens of another app client or pool.",
        "Try --cognito-token-use id; else compare the client and the pool in the error with those that the API's "
        "authorizer is set to.",
    ),
    Row(
        "HTTP 401",
        "fresh id token",
        "The API refuses id tokens that were just issued: it may want the access token, as a Cognito authorizer does "
        "for methods with scopes, or tokens of another app client or pool.",
        "Try --cognito-token-use access; else compare the client and the pool in the error with those that the API's "
        "authorizer is set to.",
    ),
    Row(
        "HTTP 401",
        "",
        "The API took the request's credentials for none that it knows.",
        "Look at the WWW-Authenticate field of its answer, and at what the API wants in Authorization.",
    ),
)
_FORBIDDEN: Final = (
    Row(
        "HTTP 403",
        "MissingAuthenticationToken|Missing Authentication Token",
        "API Gateway has no such path, method or stage: this is how it says so.",
        "Correct --host (with the stage, as /prod), the path or the method, and see whether the API is deployed.",
    ),
    Row(
        "HTTP 403",
        "IncompleteSignature|InvalidSignature|Credential",
        "API Gateway read the token as an AWS signature: the method wants IAM authorization, or there is no such path.",
        "Check the path and the method, and what authorizer the method has.",
    ),
    Row(
        "HTTP 403",
        "scope",
        "The token is good, but carries no scope that this path asks for.",
        "Ask for the scope by --cognito-scopes (client_credentials), or have a pre token generation trigger add it.",
    ),
    Row(
        "HTTP 403",
        "AccessDenied|not authorized|explicit deny",
        "The token is good, but the API's authorizer or resource policy does not let its user do this.",
        "Give the accounts the groups or claims that the policy asks for, and let this machine's address through.",
    ),
    Row(
        "HTTP 403",
        "Forbidden",
        "The gateway turned the request away before the API: AWS WAF, a resource policy, a missing API key, or a "
        "custom domain without a mapping.",
        "Let the generators' addresses through in the web ACL and the policy, send the x-api-key if a usage plan asks "
        "for it, and check --host.",
    ),
    Row(
        "HTTP 403",
        "",
        "The API knows the caller, and does not allow this: a scope, a group, a web ACL (AWS WAF) or a policy.",
        "Compare the claims of a token (`cognito-load login`) with what the path asks for, and look at the web ACL.",
    ),
)
_THROTTLED: Final = (
    Row(
        "HTTP 429",
        "LimitExceeded|Limit Exceeded",
        "The usage plan's quota for the day, week or month is used up.",
        "Raise the usage plan's quota, or use an API key of another plan.",
    ),
    Row(
        "HTTP 429",
        "",
        "The API throttles: the rate or burst of its usage plan, stage or account is exceeded (API Gateway: 10,000 "
        "requests/s per account and region by default).",
        "Run fewer users or let them wait longer, or have the throttle raised for the test.",
    ),
)
_OTHER_CLIENT_ERRORS: Final = (
    Row(
        "HTTP 400",
        "",
        "The API cannot read the request: its body, its parameters or its header fields.",
        "Compare the request of the task with one that the API takes, by its text or `cognito-load login` and curl.",
    ),
    Row(
        "HTTP 404",
        "",
        "There is nothing at this path.",
        "Correct --host (with its base path or stage) or the path in the task; ids must come from earlier answers.",
    ),
    Row(
        "HTTP 405",
        "",
        "The path exists, but not for this method.",
        "Correct the method in the task; a redirect by 301, 302 or 303 turns a POST into a GET.",
    ),
    Row(
        "HTTP 408",
        "",
        "The server did not get the whole request in the time that it waits for one.",
        "Look for an overloaded generator or network, and repeat the run with fewer users.",
    ),
    Row(
        "HTTP 413",
        "",
        "The request's body is larger than the API takes (API Gateway: 10 MB; Lambda: 6 MB).",
        "Send less in one request, or raise the limit of the server or proxy that answers.",
    ),
    Row(
        "HTTP 415",
        "",
        "The API does not take this Content-Type.",
        "Send JSON by `json=`, or set the Content-Type that the API wants.",
    ),
    Row(
        "HTTP 431",
        "",
        "The header fields are larger than the server takes: a long token, or cookies that have piled up.",
        "Let the pool put fewer claims into its tokens, or clear the cookies in the task.",
    ),
)
_SERVER_ERRORS: Final = (
    Row(
        "HTTP 500",
        "",
        "The API failed by itself; at API Gateway also an authorizer that cannot be reached or is set up wrongly.",
        "Look at the API's own log at the time of the run.",
    ),
    Row(
        "HTTP 502",
        "",
        "The gateway or load balancer got no proper answer from the API behind it: it crashed, closed the connection, "
        "or (Lambda) returned what is no response.",
        "Look at the log behind the gateway; with keep-alive, the API must wait longer than its load balancer does.",
    ),
    Row(
        "HTTP 503",
        "",
        "The API takes no more for the moment: overloaded, deploying, or without a healthy target.",
        "Look at its scaling and health checks at the time of the run; fewer users say from which load on it happens.",
    ),
    Row(
        "HTTP 504",
        "",
        "The API did not answer its gateway in time (API Gateway: 29 s unless raised; a load balancer: 60 s).",
        "Look for what is slow behind the gateway; a run with fewer users says whether it is the load.",
    ),
)
_NO_CONNECTION: Final = (
    Row(
        "ConnectionRefusedError",
        "",
        "Nothing listens at the API's host and port, or a firewall rejects the connection.",
        "Check --host, and that the server behind it runs.",
    ),
    Row(
        "gaierror",
        "",
        "The API's host name has no address, or no DNS server answered.",
        "Check the spelling of --host (or of the redirect that led there), and this machine's DNS.",
    ),
    Row(
        "SSLCertVerificationError",
        "",
        "The API's certificate is not signed by a CA that is trusted here, is out of date, or is for another host.",
        "Give the CA's certificate by --cognito-ca-bundle, and use the host name that the certificate is for.",
    ),
    Row(
        "SSLEOFError",
        "",
        "The connection was closed while TLS was being agreed on.",
        "Check that the port of --host speaks https, and what stands in front of it.",
    ),
    Row(
        "SSLError",
        "WRONG_VERSION_NUMBER|HTTP_REQUEST|RECORD_LAYER",
        "The API's port does not speak TLS.",
        "Use http:// in --host, or the port that speaks https.",
    ),
    Row(
        "SSLError",
        "",
        "No TLS session came about with the API, or it broke down.",
        "Look at the versions and ciphers that the server takes, and at what ends TLS in front of it.",
    ),
    Row(
        "OSError",
        "No route to host|unreachable",
        "This machine has no route to the API's address.",
        "Check the network, the VPN and the security group.",
    ),
    Row(
        "OSError",
        "Too many open files|Cannot assign requested address",
        "This machine ran out of file descriptors or of local ports for new connections.",
        "Raise `ulimit -n`, let users keep their connections, or spread the load over more machines.",
    ),
    Row(
        "TimeoutError",
        "",
        "The connection was not taken, or nothing of an answer came, for the timeouts of the user class "
        "(connection_timeout, network_timeout: 60 s).",
        "Look for what is slow behind the API, for a firewall that drops packets, and repeat the run with fewer users.",
    ),
)
_BROKEN: Final = (
    Row(
        "ConnectionResetError",
        "",
        "The connection broke after the request was sent, so that the API may have done what was asked.",
        "Look at load balancers and NAT gateways for connection limits and time limits, and at the API's own log.",
    ),
    Row(
        "HTTPConnectionClosed",
        "",
        "The API closed the connection instead of answering.",
        "Look at its log for crashes, and at the idle timeouts of load balancers on the way.",
    ),
    Row(
        "HTTPParseError",
        "Incomplete response|EOF|before end of the headers|after interim response",
        "The connection ended in the middle of an answer.",
        "Look at the API's log for crashes, and at load balancers and proxies that cut long answers off.",
    ),
    Row(
        "HTTPParseError",
        "",
        "What came back is not HTTP/1.1, or a broken form of it.",
        "Check that the port of --host speaks HTTP (and https if the URL says so), and who answers there.",
    ),
    Row(
        "AnswerTooLargeError",
        "head",
        "The answer's head exceeds what any server is meant to send (300 KiB).",
        "Look for cookies and header fields that pile up in the API's answers.",
    ),
    Row(
        "AnswerTooLargeError",
        "",
        "The answer's body is larger than --max-answer, before or after its content coding was undone.",
        "Raise --max-answer if the API means it, or read the body piece by piece with stream=True.",
    ),
    Row(
        "AnswerTooLateError",
        "",
        "The answer began, and did not end within --request-timeout: it comes byte by byte, or never ends.",
        "Raise --request-timeout if the API means it, or read the body piece by piece with stream=True.",
    ),
    Row(
        "InvalidLocationError",
        "",
        "The API redirects to something that is no http or https address.",
        "Look at the Location field of its answer: often a base URL that was never set.",
    ),
    Row(
        "UnsupportedRedirectSchemeError",
        "",
        "The API redirects to another scheme than http and https, such as an app's own.",
        "Set allow_redirects=False in the task, and check the Location there.",
    ),
    Row(
        "RetriesExceeded",
        "Redirection limit",
        "The API's redirects never end: often a login page for requests without a cookie, or http and https that lead "
        "to each other.",
        "Follow the redirects by hand (curl -vL), and correct --host or the path.",
    ),
    Row(
        "ContentCodingError",
        "not asked for",
        "The answer is in a content coding that the request did not accept.",
        "Look at proxies and caches that ignore Accept-Encoding.",
    ),
    Row(
        "ContentCodingError",
        "",
        "The body is not what its Content-Encoding says, or only a part of it.",
        "Look at proxies that change bodies and leave Content-Encoding as it was.",
    ),
)

ROWS: Final = (
    *_UNAUTHORIZED,
    *_FORBIDDEN,
    *_THROTTLED,
    *_OTHER_CLIENT_ERRORS,
    *_SERVER_ERRORS,
    *_NO_CONNECTION,
    *_BROKEN,
)

WORDS: Final = (
    "jwt bearer audience issuer signature signing key kid claim claims scope scopes aud iss exp nbf iat client_id "
    "token_use malformed insufficient unauthorized forbidden verification verify verified validate validation valid "
    "present match matches mismatch wrong allowed permitted accepted revoked yet before after used type its no public "
    "provided provide header authorization authentication authenticate unverified decode decoding parse parsing "
    "unsupported algorithm api takes expects wants"
)
"""Words that an API says about a token, whoever's it is."""
