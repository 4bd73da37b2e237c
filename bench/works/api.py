"""The API path: what carrying a token and keeping evidence adds to a request."""

from bench.canned import API_BYTES
from bench.contest import Target, Work
from bench.names import API, FAST_HTTP, SUBJECT
from bench.works.against_canned import against_canned

WORK = Work(
    title="API request, client side",
    unit="requests",
    method=f"GET with a bearer token, 20 users in one process, a canned JSON answer of {API_BYTES:,} bytes.",
    gather=against_canned(API),
    targets=(Target(SUBJECT, FAST_HTTP, at_least=2.0),),
)
