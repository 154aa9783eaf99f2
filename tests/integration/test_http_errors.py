"""What does the balancer answer by itself, and when?"""
import re
import time

import config
import ports
import pytest
import web
from origin import Origin
from wait import until

DEAD = 'connect_timeout: "200ms" retries: 1'


@pytest.fixture
def service(farm, start_aloha):
    """service(extra, …): an HTTP service before the farm; its port."""
    def start(extra="", timing=None, check='http { path: "/owa/healthcheck.htm" }', more=""):
        port = ports.free_port()
        text = config.http_of_farm(farm, "web", port, extra=extra, check=check, timing=timing) + more
        start.aloha = start_aloha(text)
        return port
    start.farm = farm
    return start


def test_503_when_no_server_lives(service):
    port = service()
    for name in ("CAS1", "CAS2"):
        service.farm(f"down {name} http")
        service.aloha.wait_check("web", name, "DOWN")
    with web.Connection(port) as client:
        for _ in range(3):
            response = client.get("/owa/")
            assert response.status == 503 and int(response["Retry-After"]) > 0
            assert response["Content-Type"] and 0 < len(response.body) < 2000
            if not response.keep_alive:
                break
    assert web.get(port, "/owa/", method="HEAD").body == b""


def test_a_server_that_refuses_is_tried_again_elsewhere(service):
    """Without checks: CAS1 is dead, and nobody notices."""
    port = service('connect_timeout: "500ms"', check=None)
    service.farm("down CAS1 http")
    assert {web.get(port, "/owa/").server for _ in range(10)} == {"CAS2"}
    response = web.get(port, "/owa/upload", method="POST", body=web.pattern(100_000))
    assert '"bytes":100000' in response.text


def test_503_when_every_server_refuses(service):
    port = service(DEAD, check=None)
    service.farm("down all http")
    assert web.get(port, "/owa/").status in (502, 503)


def test_502_when_a_server_ends_without_an_answer(service):
    port = service(DEAD, check=None)
    service.farm("reset all http")
    with web.Connection(port) as client:
        response = client.get("/owa/", method="POST", body=b"x")
        # 503 when the reset comes together with the news that the connection stands.
        assert response.status in (502, 503) and response.server is None


def test_a_reused_connection_that_the_server_just_closed_is_not_an_error(start_aloha):
    """The server closes between two requests: the next one is sent again on a new connection (RFC 9110 section 9.2.2:
    a GET may be)."""
    origin = Origin()
    port = ports.free_port()
    start_aloha(config.http_service("web", port, [config.server("origin", "127.0.0.1", origin.port)], check=None))
    with web.Connection(port) as client:
        for _ in range(10):
            origin.play(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # and closes
            assert client.get("/").status == 200
    origin.close()


def test_504_when_a_server_is_silent(service):
    port = service('idle_timeout: "500ms"', check=None)
    begin = time.monotonic()
    response = web.get(port, "/owa/?delay=3000")
    assert response.status == 504 and response.server is None
    assert 0.4 < time.monotonic() - begin < 2.5


def test_a_silence_below_the_timeout_is_none(service):
    port = service('idle_timeout: "2s"', check=None)
    assert web.get(port, "/owa/?delay=1000").status == 200


def test_a_timeout_in_the_middle_of_a_body_is_a_cut(service):
    port = service('idle_timeout: "500ms"', check=None)
    with web.Connection(port) as client, pytest.raises(OSError):
        client.get("/owa/bytes/10?piece=5&gap=2000")


def test_bodies_have_no_limit_of_their_own(service):
    """No 413: what a server takes the balancer takes."""
    port = service()
    with web.Connection(port) as client:
        client.ask("POST", "/ews/?early=413&close=1", [("Content-Length", str(1 << 50))])
        assert client.read().server is not None, "the server answered, not the balancer"


@pytest.mark.parametrize("request_text, status", [
    ("BAD\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("GET /" + "x" * 20_000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: " + "x" * 70_000 + "\r\n\r\n", 431),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
])
def test_error_pages_are_small_and_plain(service, request_text, status):
    port = service()
    with web.Connection(port) as client:
        client.send(request_text)
        response = client.read()
    assert response.status == status and response.server is None
    assert response["Content-Type"].startswith("text/html") and 0 < len(response.body) < 2000
    assert int(response["Content-Length"]) == len(response.body)
    assert "aloha" not in response.text.lower() and response["Server"] is None, "tells strangers nothing"


def test_nothing_of_the_request_is_echoed(service):
    port = service()
    for text in ("GET /<script>alert(1)</script>%zz HTTP/1.1\r\nHost: <script>\r\n\r\n", "<script> / HTTP/1.1\r\n\r\n"):
        with web.Connection(port) as client:
            client.send(text)
            assert b"script" not in client.rest()


def test_a_page_from_a_file(service, folder):
    page = folder / "400.html"
    page.write_text("<p>Own page.</p>")
    port = service(more=f'error_page {{ status: 400 file: "{page}" }}\n')
    with web.Connection(port) as client:
        client.send("BAD\r\n\r\n")
        response = client.read()
    assert response.status == 400 and response.text == "<p>Own page.</p>"
    assert response["Content-Type"].startswith("text/html")


def test_429_beyond_the_rate(service):
    port = service("rate_limit { requests_per_second: 5 burst: 10 }")
    found = [web.get(port, "/owa/", source="127.0.9.1") for _ in range(30)]
    statuses = [response.status for response in found]
    assert statuses[:10] == [200] * 10 and statuses.count(429) >= 15, statuses
    limited = next(r for r in found if r.status == 429)
    assert limited.server is None and int(limited["Retry-After"] or 1) > 0
    assert web.get(port, "/owa/", source="127.0.9.2").status == 200, "others are not limited"
    time.sleep(1.1)
    again = [web.get(port, "/owa/", source="127.0.9.1").status for _ in range(4)]
    assert again == [200] * 4, "tokens come back"


def test_429_counts_requests_and_not_connections(service):
    port = service("rate_limit { requests_per_second: 1 burst: 5 }")
    with web.Connection(port, source="127.0.9.3") as client:
        statuses = []
        for _ in range(10):
            response = client.get("/owa/")
            statuses.append(response.status)
            if not response.keep_alive:
                break
    assert statuses[:5] == [200] * 5 and statuses[5] == 429, statuses


def test_allow_from_of_the_service(service):
    port = service('allow_from: "127.0.9.0/24"')
    assert web.get(port, "/owa/", source="127.0.9.1").status == 200
    with pytest.raises(OSError):
        response = web.get(port, "/owa/", source="127.0.10.1")
        assert response.status == 403
        raise web.Cut("an answer, which is as good")


def test_a_queue_that_is_full_for_too_long_is_503(farm, start_aloha):
    port = ports.free_port()
    server = config.server("CAS1", *farm.server("CAS1", "http"), extra="max_connections: 1")
    start_aloha(config.http_service("web", port, [server], extra='queue_timeout: "300ms"'))
    with web.Connection(port) as busy:
        busy.ask("GET", "/owa/?delay=1500")
        time.sleep(0.1)
        assert web.get(port, "/owa/").status == 503
        assert busy.read().status == 200
    assert until(lambda: web.get(port, "/owa/").status == 200, 3, "the place is free again")


def test_errors_are_counted_and_told(service):
    port = service()
    with web.Connection(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.read().status == 400
    line = until(lambda: next((text for text in service.aloha.raw("log", "tail").stdout.splitlines()
                               if re.search(r"\b400\b", text)), None), 5, "a line of the refusal")
    assert "PR--" in line or "CR--" in line, line
