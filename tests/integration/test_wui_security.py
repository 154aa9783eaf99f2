"""What hostile clients try on port 4444: each attempt is refused, and whoever works there meanwhile does not notice."""
import os
import socket
import subprocess
import time

import heavy
import pytest
import wui
from pki import PASSWORD
from wait import until
from wui import Browser

SLOW = 1000


@pytest.fixture(scope="module")
def site(make_module_aloha):
    aloha = wui.start(make_module_aloha)
    with Browser(aloha) as browser:
        aloha.cookie = browser.first_sign_in().cookie
    return aloha


@pytest.fixture
def browser(site):
    with Browser(site) as browser:
        browser.cookie = site.cookie
        yield browser


def raw(site, request, timeout=10.0):
    """What comes back for these bytes, until the connection ends or nothing comes."""
    with Browser(site, timeout=timeout) as client:
        client.send(request)
        return client.rest()


def statuses(answer):
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def test_tls_is_of_today(site):
    """Versions, suites, groups, renegotiation, tickets, ALPN, by openssl's own client."""
    def client(*words, text=b""):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{site.web}", *words], input=text,
                              capture_output=True, timeout=20).stdout.decode()

    assert "TLSv1.3" in client("-tls1_3") and "X25519" in client("-tls1_3")
    said = client("-tls1_2", "-alpn", "h2,http/1.1")
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in said and "ALPN protocol: http/1.1" in said
    for refused in (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-GCM-SHA256"),
                    ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"), ("-alpn", "h2")):
        assert "Cipher is (NONE)" in client(*refused) or "no peer certificate" in client(*refused), refused
    assert "New, TLSv1.3" in client("-tls1_3", "-reconnect") and "Reused" not in client("-tls1_2", "-reconnect")


@pytest.mark.parametrize("name, request_text", [
    ("both lengths", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n"),
    ("unknown coding", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n"),
    ("blank before colon", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("folded", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ("bare LF", "POST /x HTTP/1.1\nHost: localhost\nContent-Length: 44\n\n"),
    ("bare CR", "POST /x HTTP/1.1\r\nHost: localhost\r\nA: b\rContent-Length: 44\r\n\r\n"),
    ("NUL", "POST /x HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n"),
    ("signed length", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: +44\r\n\r\n"),
    ("two hosts", "GET /x HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"),
    ("absolute target", "GET https://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("upgrade", "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
])
def test_ambiguous_requests_end_the_connection(site, name, request_text):
    """Whatever follows is never taken for a request of its own."""
    answer = raw(site, request_text.encode() + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert len(statuses(answer)) == 1 and statuses(answer)[0] >= 400, (name, answer)
    assert b"\nok\n" not in answer


def test_sizes_are_bounded(site, browser):
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    assert statuses(raw(site, head + b"A: " + b"x" * 20_000)) == [431]
    assert statuses(raw(site, b"GET /" + b"x" * 20_000))[0] in (414, 431)
    assert statuses(raw(site, head + b"A: b\r\n" * 2_000))[0] == 431
    assert statuses(raw(site, b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600000\r\n\r\n")) == [413]
    assert browser.call("Configuration/PlanConfig", {"source": {"text": "#" * 400_000}}).status == 200
    nested = b'{"a":' * 100_000
    assert browser.call("Configuration/PlanConfig", body=nested).status == 400


def test_no_path_leads_out(browser):
    for target in ("/../../../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../etc/passwd",
                   "//etc/passwd", "/assets/%00.js", "/\\..\\etc\\passwd.txt", "/.git/config", "/index.html/../../secret.key"):
        answer = browser.get(target)
        assert b"root:" not in answer.body and answer.status in (200, 404), target
        assert answer.status == 404 or answer["Content-Type"].startswith("text/html"), target


def test_other_sites_can_call_nothing(site, browser):
    """Cross-site request forgery: what a page elsewhere can make a browser send, with its cookie."""
    def status(*fields, **options):
        return browser.call("Services/StopService", {"name": "haproxy"}, fields=fields, **options).status

    for fields in ((("Origin", "https://evil.example"),), (("Origin", "null"),), (("Sec-Fetch-Site", "cross-site"),),
                   (("Sec-Fetch-Site", "same-site"),), (("X-Aloha-Request", None),), (("Content-Type", "text/plain"),),
                   (("Content-Type", "application/x-www-form-urlencoded"),), (("Content-Type", None),)):
        assert status(*fields) in (403, 415), fields
    assert site.service("haproxy")["state"] == site.service("haproxy")["state"]
    assert browser.get("/aloha.admin.v1.Services/StopService").status == 405
    answer = browser.get("/aloha.admin.v1.Services/ListServices", [("Origin", "https://evil.example")], method="OPTIONS")
    assert answer.status == 405 and answer["Access-Control-Allow-Origin"] is None
    assert browser.get("/", host="rebound.example").status == 421
    assert browser.ok("Users/GetCaller")["name"] == "admin"


def test_callers_cannot_say_who_they_are(site):
    with Browser(site) as client:
        forged = [("aloha-session", site.cookie), ("aloha-subject", "CN=ops"), ("Aloha-Address", "127.0.0.1"),
                  ("grpc-timeout", "1S"), ("Te", "trailers")]
        assert client.call("Services/ListServices", fields=forged).status in (401, 403)
        answer = client.call("Users/GetCaller", fields=forged)
        assert answer.json.get("name", "") == ""
        assert not [name for name, _ in answer.response.fields if name.lower().startswith(("aloha-", "grpc-"))]


def test_a_session_is_made_anew(site):
    """Session fixation: a token that somebody brings along is never made theirs."""
    with Browser(site) as client:
        client.cookie = "A" * 43
        assert client.call("Users/SignIn", {"user": "admin", "password": wui.PASSWORD}).status in (200, 401)
        assert client.cookie != "A" * 43 or client.call("Services/ListServices").status == 401


def test_texts_are_data(site, browser):
    """Script injection by names, log lines and header fields."""
    script = "<script>alert(1)</script>"
    answer = browser.call("Configuration/PlanConfig", {"source": {"text": f'version_note: "{script}" nonsense: 1'}})
    assert answer.response["Content-Type"] == "application/json" and answer.response["X-Content-Type-Options"] == "nosniff"
    with Browser(site) as client:
        client.call("Users/SignIn", {"user": script, "password": script}, fields=[("User-Agent", script + "\xff")])
    assert "\n<script>" not in site.log.read_text()
    events = browser.ok("Events/ListEvents", {"pageSize": 50})
    assert events["events"]


def test_a_certificate_that_is_a_bomb(site, browser, pki):
    """A PFX that asks for endless work, or is none: refused soon, and others are served meanwhile."""
    begun = time.monotonic()
    for content in (b"\x30\x82\xff\xff" + os.urandom(300_000), b"-----BEGIN CERTIFICATE-----\n" * 10_000, b""):
        answer = browser.call("Certificates/ImportCertificate", {
            "name": "bomb", "allowUnsealed": True,
            "unsealed": {"file": __import__("base64").b64encode(content).decode(), "password": PASSWORD}})
        assert answer.status in (400, 413), answer
    assert time.monotonic() - begun < 20
    assert browser.get("/healthz").status == 200


def connect(site, number):
    """A connection from an address of its own on loopback; it says nothing."""
    client = socket.socket()
    client.bind((f"127.{1 + number // 60000}.{number // 250 % 250}.{1 + number % 250}", 0))
    client.connect(("127.0.0.1", site.web))
    return client


def test_a_thousand_slow_connections(site):
    """Handshakes that never go on, heads that come byte by byte, from one address and from many: the API answers."""
    memory = resident(site)
    live = Browser(site)
    live.cookie = site.cookie
    live.watch("Events/WatchAll", {"statsIntervalMs": 500})
    stream = live.messages()
    next(stream)
    slow = []
    try:
        for number in range(SLOW):
            client = connect(site, number) if number % 2 else socket.create_connection(("127.0.0.1", site.web))
            slow.append(client)
            if number % 10 == 0:
                client.send(b"\x16\x03\x01\x02\x00\x01")
            if number % 100 == 0:
                with Browser(site) as user:
                    user.cookie = site.cookie
                    assert user.call("Services/ListServices").status == 200
        with Browser(site, source="127.0.0.9") as fresh:
            fresh.cookie = site.cookie
            took = time.monotonic()
            assert fresh.call("Services/ListServices").status == 200
            assert time.monotonic() - took < 2
        assert all(flags == 0 for _, (flags, _) in zip(range(5), stream)), "its stream goes on"
        with Browser(site, source="127.0.0.8") as drip:
            drip.send("GET /healthz HTTP/1.1\r\n")
            assert drip.closed(15), "the head must come in time"
        until(lambda: slow[1].recv(1) == b"", 15, "handshakes must come in time")
    finally:
        for client in slow:
            client.close()
        live.close()
    with Browser(site) as after:
        after.cookie = site.cookie
        assert after.call("Services/ListServices").status == 200
    assert resident(site) - memory < 100 * 1024


def resident(site):
    """Memory of aloha-wui. KiB."""
    return heavy.memory(site, "wui") // 1024


def test_a_reader_who_does_not_read(site):
    """A stream that nobody takes is ended; memory does not grow with it."""
    with Browser(site) as idle:
        idle.cookie = site.cookie
        idle.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.watch("Events/WatchAll", {"statsIntervalMs": 200, "eventBacklog": 1000, "log": {"backlog": 1000}})
        memory = resident(site)
        time.sleep(3)
        assert resident(site) - memory < 20 * 1024


def test_memory_does_not_grow(site, browser):
    def some(count):
        for _ in range(count):
            assert browser.call("Services/ListServices").status == 200
            with Browser(site) as other:
                assert other.get("/healthz").status == 200
    some(30)
    before = resident(site)
    some(100)
    assert resident(site) - before < 8 * 1024
