"""The API path: what carrying a token and keeping evidence adds to a request."""

from bench.canned import API_BYTES
from bench.contest import Target, Work
from bench.names import API, API_COOKIE, API_EXTRACTION, FAST_HTTP, SUBJECT
from bench.works.against_canned import against_canned

METHOD = f"GET with a bearer token, 20 users in one process, a canned JSON answer of {API_BYTES:,} bytes"

PLAIN = Work(
    title="API request, client side",
    unit="requests",
    method=f"{METHOD}.",
    gather=against_canned(API),
    targets=(Target(SUBJECT, FAST_HTTP, at_least=2.0),),
)
EXTRACTION = Work(
    title="API request with extraction, client side",
    unit="requests",
    method=(
        f"{METHOD}, one value of it extracted: here by the JSON Extractor `$.orders[0].id`, elsewhere by hand from "
        "`response.json()`."
    ),
    gather=against_canned(API_EXTRACTION),
    targets=(Target(SUBJECT, FAST_HTTP, at_least=2.0),),
)
COOKIE = Work(
    title="API request with a cookie, client side",
    unit="requests",
    method=f"{METHOD}, with a Set-Cookie of another value each time, as load balancers send it.",
    gather=against_canned(API_COOKIE),
    targets=(Target(SUBJECT, FAST_HTTP, at_least=1.5),),
)
