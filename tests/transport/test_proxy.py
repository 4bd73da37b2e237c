import base64

import pytest

from harness.errors import ConfigurationError
from harness.transport import Endpoint, Proxy, proxy_for

HTTPS = Endpoint.parse("https://api.example.com:8443/x")
HTTP = Endpoint.parse("http://api.example.com/")
SQUID = {"HTTPS_PROXY": "http://squid:3128"}


@pytest.mark.parametrize(
    ("endpoint", "environ", "expected"),
    [
        (HTTPS, {}, None),
        (HTTPS, SQUID, Proxy("squid", 3128)),
        (HTTPS, {"https_proxy": "squid:3128"}, Proxy("squid", 3128)),
        (HTTPS, {"https_proxy": "http://low", "HTTPS_PROXY": "http://high"}, Proxy("low", 80)),
        (HTTPS, {"https_proxy": "", "HTTPS_PROXY": "http://high"}, Proxy("high", 80)),
        (HTTPS, {"http_proxy": "http://squid"}, None),
        (HTTPS, {"HTTPS_PROXY": "http://[::2]:8080"}, Proxy("::2", 8080)),
        (HTTP, SQUID, None),
        (HTTP, {"http_proxy": "http://squid"}, Proxy("squid", 80)),
        # In a CGI process HTTP_PROXY is what a client sent in a header named Proxy.
        (HTTP, {"HTTP_PROXY": "http://squid"}, None),
        (Endpoint.parse("https://localhost:1"), SQUID, None),
        (Endpoint.parse("https://[::1]"), SQUID | {"NO_PROXY": "nothing"}, None),
    ],
)
def test_variables_name_the_proxy(endpoint, environ, expected):
    assert proxy_for(endpoint, environ) == expected


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_excepted"),
    [
        ("https://api.example.com", "*", True),
        ("https://api.example.com", "api.example.com", True),
        ("https://api.example.com", "API.Example.COM", True),
        ("https://api.example.com", "example.com", True),
        ("https://api.example.com", ".example.com", True),
        ("https://api.example.com", "*.example.com", True),
        ("https://api.example.com.", "example.com.", True),
        ("https://api.example.com", "ample.com", False),
        ("https://example.com", "api.example.com", False),
        ("https://api.example.com", "other, example.com", True),
        ("https://api.example.com", "other example.com", True),
        ("https://api.example.com", " , ,", False),
        ("https://api.example.com", ".", False),
        ("https://api.example.com:8443", "example.com:8443", True),
        ("https://api.example.com:8443", "example.com:443", False),
        ("https://api.example.com", "example.com:443", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "192.168.0.0/16", False),
        ("https://10.1.2.3:8443", "10.1.2.3:8443", True),
        ("https://10.1.2.3", ".2.3", False),
        ("https://[2001:db8::1]", "2001:db8::/32", True),
        ("https://[2001:db8::1]", "[2001:db8::1]", True),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]:443", False),
        ("https://api.example.com", "10.0.0.0/8", False),
        ("https://api.example.com", "a:b:c:d", False),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_lists_the_exceptions(url, no_proxy, is_excepted, name):
    proxy = proxy_for(Endpoint.parse(url), SQUID | {name: no_proxy})
    assert (proxy is None) is is_excepted


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://user:hunter2@squid", "spoken to by https"),
        ("socks5://user:hunter2@squid", "spoken to by socks5"),
        ("http://user:hunter2@squid:port", "no URL"),
        ("http://user:hunter2@", "no host"),
    ],
)
def test_unusable_proxy_is_a_configuration_fault_that_shows_no_password(value, found):
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(HTTPS, {"HTTPS_PROXY": value})
    assert found in str(caught.value)
    assert "HTTPS_PROXY" in str(caught.value)
    assert "hunter2" not in repr(caught.value) + str(caught.value)


def test_credentials_go_into_the_header_and_nowhere_else():
    proxy = proxy_for(HTTPS, {"HTTPS_PROXY": "http://us%3Aer:hunter%402@squid:3128"})
    assert proxy is not None
    secret = base64.b64encode(b"us:er:hunter@2").decode()
    assert "hunter" not in repr(proxy)
    assert secret not in repr(proxy)
    assert proxy.connect_request(HTTPS) == (
        b"CONNECT api.example.com:8443 HTTP/1.1\r\nHost: api.example.com:8443\r\n"
        b"Proxy-Authorization: Basic " + secret.encode() + b"\r\n\r\n"
    )


def test_tunnel_is_asked_for_without_credentials_when_there_are_none():
    assert b"Proxy-Authorization" not in Proxy("squid", 1).connect_request(HTTPS)


def test_forwarded_request_names_the_whole_target():
    request = b"GET /a?b=c HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
    assert Proxy("squid", 1, "Basic x").forward_request(HTTP, request) == (
        b"GET http://api.example.com/a?b=c HTTP/1.1\r\nProxy-Authorization: Basic x\r\nHost: api.example.com\r\n\r\n"
    )
