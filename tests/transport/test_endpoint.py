import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.transport import Endpoint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com", Endpoint("https", "api.example.com", 443, "/")),
        ("HTTP://API.Example.com/Prod", Endpoint("http", "api.example.com", 80, "/Prod")),
        ("http://127.0.0.1:9229/", Endpoint("http", "127.0.0.1", 9229, "/")),
        ("https://[::1]:8443/a/b", Endpoint("https", "::1", 8443, "/a/b")),
        ("http://cognito_local:9229", Endpoint("http", "cognito_local", 9229, "/")),
        ("https://bücher.example/", Endpoint("https", "xn--bcher-kva.example", 443, "/")),
        ("https://example.com.", Endpoint("https", "example.com.", 443, "/")),
    ],
)
def test_url_is_taken_apart(url, expected):
    assert Endpoint.parse(url) == expected


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", "does not start with"),
        ("api.example.com", "does not start with"),
        ("ftp://api.example.com", "does not start with"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("http://host:port", "is no URL"),
        ("http://host:99999", "is no URL"),
        ("http://host:0", "port 0"),
        ("http://[::1", "is no URL"),
        ("http://a b", "a blank"),
        ("http://a\nb", "control character"),
        ("http://-a.example", "cannot exist"),
        ("http://a..b", "cannot exist"),
        ("http://" + "a" * 64, "cannot exist"),
        ("http://" + "ü" * 70, "cannot exist"),
        ("http://host/?a=1", "a query"),
        ("http://host/#a", "a fragment"),
        ("http://user@host", "a user name"),
    ],
)
def test_bad_url_is_a_configuration_fault_that_says_what_was_found_and_expected(url, found):
    with pytest.raises(ConfigurationError) as caught:
        Endpoint.parse(url)
    assert found in str(caught.value)
    assert "expected http:// or https://" in str(caught.value)
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    "url",
    ["https://user:hunter2@host", "https://user:hunter2@host:x", "user:hunter2@host", "https://user:hunter2@[::1"],
)
def test_password_in_a_url_stays_out_of_the_message(url):
    with pytest.raises(ConfigurationError) as caught:
        Endpoint.parse(url)
    assert "hunter2" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    ("url", "header", "authority"),
    [
        ("https://h/", "h", "h:443"),
        ("https://h:443/", "h", "h:443"),
        ("http://h:443/", "h:443", "h:443"),
        ("http://h", "h", "h:80"),
        ("https://[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]:443"),
        ("https://[::1]:9/", "[::1]:9", "[::1]:9"),
    ],
)
def test_host_header_has_the_port_only_where_it_is_not_the_usual_one(url, header, authority):
    endpoint = Endpoint.parse(url)
    assert (endpoint.host_header, endpoint.authority) == (header, authority)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("[::ffff:10.0.0.1]", False),
        ("10.0.0.1", False),
        ("notlocalhost", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_known_by_name_and_address(host, is_loopback):
    assert Endpoint.parse(f"http://{host}").is_loopback is is_loopback


def test_scheme_decides_about_tls():
    assert Endpoint.parse("https://h").is_tls
    assert not Endpoint.parse("http://h").is_tls


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,3}", fullmatch=True) | st.ip_addresses().map(str),
    port=st.integers(1, 65535),
    path=st.from_regex(r"(/[A-Za-z0-9._~-]{1,9}){1,3}", fullmatch=True),
)
def test_url_of_an_endpoint_names_the_same_endpoint(scheme, host, port, path):
    endpoint = Endpoint(scheme, host, port, path)
    assert Endpoint.parse(endpoint.url) == endpoint
