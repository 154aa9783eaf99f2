"""Do header fields reach the other side as they are, but for those that the balancer sets or takes away?"""
import re

import config
import ports
import pytest
import web
from front import KIND, Front, cas

pytestmark = pytest.mark.skipif(KIND != "aloha", reason="is about the balancer's own rules")

RULES = """
request_header { name: "X-Set" value: "by the balancer" } request_header { name: "X-Empty" }
response_header { name: "X-Gen" value: "1" } response_header { name: "Server" value: "Aloha" }
request_id_header: "X-Request-Id"
"""


@pytest.fixture(scope="module")
def front(module_folder, module_farm, start_module_aloha):
    front = Front(module_folder, start_module_aloha, cas(module_farm)[:1])
    yield front
    front.stop()


@pytest.fixture(scope="module")
def ruled(module_folder, module_farm, start_module_aloha):
    """A service with fields of its own, that trusts 127.0.0.9 as a proxy."""
    port = ports.free_port()
    server = config.server(*cas(module_farm)[0])
    start_module_aloha(config.http_service("web", port, [server], check=None, extra=RULES)
                       + 'trusted_proxy: "127.0.0.9"\n')
    return port


def seen(port, fields=(), **options):
    """What the server sees: the request line, and (name, value) pairs."""
    response = web.get(port, "/owa/echo", fields, **options)
    assert response.status == 200, response.head
    lines = response.text.split("\r\n")
    return lines[0], [tuple(part.lstrip(" ") for part in line.split(":", 1)) for line in lines[1:] if line]


def values(fields, name):
    return [value for key, value in fields if key.lower() == name.lower()]


def test_order_case_and_bytes_are_kept(front):
    sent = [("user-AGENT", "Microsoft Office/16.0  (Outlook)"), ("X-b", "1"), ("ACCEPT", "*/*"), ("X-b", "2"),
            ("x-ms-odd", "a\tb"), ("X-Quote", '"\\"'), ("X-High", "caf\xe9")]
    _, fields = seen(front.port, sent)
    assert [field for field in fields if field in sent] == sent
    assert fields[0] == ("Host", web.HOST)


def test_the_client_address_is_told(front):
    _, fields = seen(front.port, source="127.0.5.1")
    assert values(fields, "X-Forwarded-For") == ["127.0.5.1"]
    assert values(fields, "X-Forwarded-Proto") == ["http"]
    assert "On" not in values(fields, "Front-End-Https")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR"])
def test_what_a_client_claims_is_dropped(front, name):
    claimed = [(name, "1.2.3.4"), (name, "5.6.7.8"), ("X-Forwarded-Proto", "https"), ("Front-End-Https", "On")]
    _, fields = seen(front.port, claimed, source="127.0.5.2")
    assert values(fields, "X-Forwarded-For") == ["127.0.5.2"]
    assert values(fields, "X-Forwarded-Proto") == ["http"]
    assert "On" not in values(fields, "Front-End-Https")


def test_a_trusted_proxy_is_believed_and_its_address_appended(ruled):
    claimed = [("X-Forwarded-For", "1.2.3.4, 10.0.0.1"), ("X-Forwarded-Proto", "https")]
    _, fields = seen(ruled, claimed, source="127.0.0.9")
    chain = [part.strip() for value in values(fields, "X-Forwarded-For") for part in value.split(",")]
    assert chain == ["1.2.3.4", "10.0.0.1", "127.0.0.9"]
    assert values(fields, "X-Forwarded-Proto") == ["https"]
    _, fields = seen(ruled, claimed, source="127.0.0.10")
    assert values(fields, "X-Forwarded-For") == ["127.0.0.10"]
    assert values(fields, "X-Forwarded-Proto") == ["http"]


def test_hop_by_hop_fields_end_here(front):
    hop = [("Connection", "keep-alive, X-Hop"), ("Keep-Alive", "timeout=5"), ("X-Hop", "1"), ("TE", "trailers"),
           ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"), ("X-End", "1")]
    _, fields = seen(front.port, hop)
    names = {name.lower() for name, _ in fields}
    assert not names & {"keep-alive", "x-hop", "proxy-connection", "upgrade"}, fields
    assert "x-end" in names
    assert not any("x-hop" in value.lower() for value in values(fields, "Connection"))


def test_hop_by_hop_fields_of_a_response_end_here(front):
    played = (b"HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n"
              b"X-End: 1\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok")
    response = web.get(front.port, "/owa/raw", method="POST", body=played)
    assert response.status == 200 and response["X-End"] == "1"
    assert response["X-Hop"] is None and response["Keep-Alive"] is None


def test_www_authenticate_fields_stay_apart(front):
    assert web.get(front.port, "/ews/").all("WWW-Authenticate") == ["Negotiate", "NTLM"]


def test_the_version_and_target_are_kept(front):
    target = "/owa/echo?a=%2F&b=/../&c=%5C&d=1"
    with web.Connection(front.port) as client:
        assert client.get(target).text.startswith(f"GET {target} HTTP/1.1\r\n")


def test_fields_that_are_configured(ruled):
    _, fields = seen(ruled, [("X-Set", "by the client"), ("x-set", "again"), ("X-Empty", "not")])
    assert values(fields, "X-Set") == ["by the balancer"]
    assert values(fields, "X-Empty") == [""]
    response = web.get(ruled, "/owa/")
    assert response.all("X-Gen") == ["1"] and response.all("Server") == ["Aloha"]


def test_a_request_id_is_made_and_told_to_both(ruled):
    found = set()
    for _ in range(20):
        response = web.get(ruled, "/owa/echo", [("X-Request-Id", "mine")])
        told = re.findall(r"(?im)^X-Request-Id: (.*?)\r?$", response.text)
        assert told == [response["X-Request-Id"]] and re.fullmatch("[0-9a-f]{32}", told[0])
        found.add(told[0])
    assert len(found) == 20


def test_a_kerberos_ticket_of_48_kib_passes(front):
    ticket = "Negotiate " + "A" * 48 * 1024
    _, fields = seen(front.port, [("Authorization", ticket)])
    assert values(fields, "Authorization") == [ticket]


def test_many_cookies_pass(front):
    cookies = "; ".join(f"name{i}=value{i}" for i in range(500))
    _, fields = seen(front.port, [("Cookie", cookies), ("Cookie", "other=1")])
    assert values(fields, "Cookie") == [cookies, "other=1"]
