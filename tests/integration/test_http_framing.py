"""Does every way to frame an HTTP/1.1 message pass untouched, in both directions and at the same time?"""
import hashlib
import json
import socket
import threading
import time

import pytest
import web
from front import KIND, Front, cas


@pytest.fixture(scope="module")
def front(module_folder, module_farm, start_module_aloha):
    front = Front(module_folder, start_module_aloha, cas(module_farm)[:1])
    yield front
    front.stop()


@pytest.fixture
def client(front):
    with web.Connection(front.port, front.address) as connection:
        yield connection


def uploaded(response):
    return json.loads(response.text)


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "SEARCH", "MKCOL",
                                    "BPROPPATCH", "SUBSCRIBE", "X-MS-ENUMATTS", "get"])
def test_methods_pass_as_they_are(client, method):
    response = client.get("/owa/echo", method=method, body=b"<x/>")
    assert response.status == 200
    assert response.text.startswith(f"{method} /owa/echo HTTP/1.1\r\n")


def test_keep_alive_on_both_sides(client):
    answers = [client.get("/owa/echo") for _ in range(50)]
    assert all(answer.status == 200 and answer.keep_alive for answer in answers)
    assert len({answer["X-Connection"] for answer in answers}) == 1


def test_connection_close_is_obeyed(client):
    response = client.get("/owa/echo", [("Connection", "close")])
    assert response.status == 200 and (response["Connection"] or "").lower() == "close"
    assert client.closed()


@pytest.mark.skipif(KIND == "none", reason="is about the balancer")
def test_a_server_that_closes_costs_nothing(client):
    for _ in range(5):
        assert client.get("/owa/?close=1").status == 200
        if client.closed(0.05):
            pytest.fail("the client's connection ended with the server's")


def test_pipelined_requests_are_answered_in_order(client):
    client.send(b"".join(b"GET /owa/bytes/%d?delay=%d HTTP/1.1\r\nHost: a\r\n\r\n" % (size, 30 - size)
                         for size in range(1, 30)))
    assert [len(client.read().body) for _ in range(1, 30)] == list(range(1, 30))


def test_pipelined_requests_with_bodies(client):
    for size in (10, 70_000, 3):
        client.ask("POST", "/owa/upload", body=web.pattern(size))
    assert [uploaded(client.read())["bytes"] for _ in range(3)] == [10, 70_000, 3]


def test_a_request_in_single_bytes(client):
    for byte in b"POST /owa/upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + web.chunked(b"hello"):
        client.send(bytes([byte]))
    assert uploaded(client.read()) == {"bytes": 5, "sha256": digest(b"hello"), "trailers": 0}


def test_head_has_a_length_and_no_body(client):
    for _ in range(3):
        response = client.get("/owa/bytes/12345", method="HEAD")
        assert (response.status, response["Content-Length"], response.body) == (200, "12345", b"")
    assert client.get("/owa/bytes/3").body == web.pattern(3)


@pytest.mark.parametrize("status", [204, 304])
def test_responses_without_a_body(client, status):
    for _ in range(3):
        response = client.get(f"/owa/?status={status}")
        assert response.status == status and response.keep_alive and response["Transfer-Encoding"] is None


@pytest.mark.parametrize("framing", ["", "?chunked=1", "?trailers=1", "?chunked=1&piece=7", "?until_close=1"])
@pytest.mark.parametrize("size", [0, 1, 5_000, 3_000_000])
def test_response_bodies(client, framing, size):
    if "piece" in framing:
        size = min(size, 5_000)
    response = client.get(f"/owa/bytes/{size}{framing}")
    assert response.status == 200 and response.body == web.pattern(size)
    if "trailers" in framing:
        assert [line.lower() for line in response.trailers] == ["x-checksum: none"]
    if "until_close" not in framing:
        assert client.get("/owa/").status == 200


@pytest.mark.parametrize("size", [0, 1, 5_000, 3_000_000])
def test_request_bodies_of_a_length(client, size):
    for _ in range(2):
        response = client.get("/owa/upload", method="POST", body=web.pattern(size))
        assert uploaded(response) == {"bytes": size, "sha256": digest(web.pattern(size)), "trailers": 0}


@pytest.mark.parametrize("size", [1, 5_000, 3_000_000])
@pytest.mark.parametrize("trailers", [(), ("X-Checksum: 1", "X-Other: 2")])
def test_chunked_request_bodies(client, size, trailers):
    data = web.pattern(size)
    pieces = [data[at:at + 10_007] for at in range(0, size, 10_007)]
    for _ in range(2):
        client.ask("POST", "/owa/upload", [("Transfer-Encoding", "chunked")])
        client.send(web.chunked(*pieces, trailers=trailers))
        seen = uploaded(client.read())
        assert (seen["bytes"], seen["sha256"]) == (size, digest(data))
        assert seen["trailers"] in (len(trailers), 0), "trailers may be dropped (RFC 9110 section 6.5.1)"


def test_expect_100_continue(client):
    client.ask("POST", "/owa/upload", [("Expect", "100-continue"), ("Content-Length", "5")])
    assert client.head().status == 100
    client.send(b"hello")
    assert uploaded(client.read())["bytes"] == 5


def test_expect_100_continue_refused_by_the_server(client):
    client.ask("POST", "/ews/?early=401&close=1", [("Expect", "100-continue"), ("Content-Length", "5000000")])
    response = client.read()
    assert response.status == 401 and response.interim == []


def test_expect_100_continue_of_a_client_that_does_not_wait(client):
    client.get("/owa/upload", [("Expect", "100-continue")], method="POST", body=b"hello")
    assert client.get("/owa/").status == 200


def test_interim_responses_pass(client):
    response = client.get("/owa/?interim=103")
    assert response.status == 200
    assert [(i.status, i["Link"]) for i in response.interim] == [(103, "</style.css>")]


def test_http_1_0(front):
    with web.Connection(front.port, front.address) as client:
        response = client.get("/owa/echo", version="HTTP/1.0")
        assert response.status == 200 and client.closed()
    with web.Connection(front.port, front.address) as client:
        response = client.get("/owa/bytes/100000?chunked=1", version="HTTP/1.0", fields=[("X-None", "1")])
        assert response.body == web.pattern(100_000), "an HTTP/1.0 client knows no chunks"


def test_http_1_0_keep_alive(client):
    for _ in range(3):
        response = client.get("/owa/echo", [("Connection", "keep-alive")], version="HTTP/1.0")
        assert response.status == 200
        if not response.keep_alive:
            assert client.closed()  # which is allowed
            return


def test_an_answer_before_the_body_was_sent(client):
    """The server answers while the client still sends; the connection stays usable."""
    data = web.pattern(2_000_000)
    client.ask("POST", "/ews/?early=401", [("Content-Length", str(len(data)))])
    assert client.read().status == 401
    try:
        client.send(data)
        assert client.get("/owa/").status == 200
    except OSError:
        pass  # closing it is allowed too (RFC 9112 section 9.6), leaving the client alone is not


def test_an_answer_and_a_close_before_the_body_was_sent(client):
    """The answer reaches the client although the server resets the rest."""
    client.ask("POST", "/ews/?early=401&close=1", [("Content-Length", "50000000")])
    time.sleep(0.1)
    try:
        for _ in range(50):
            client.send(web.PATTERN)
    except OSError:
        pass
    assert client.read().status == 401


def test_both_directions_at_once(client):
    """A response that begins while the request body is still being sent, and goes on with it (an echo)."""
    client.ask("GET", "/owa/upgrade", [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                                       ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                                       ("Sec-WebSocket-Version", "13")])
    response = client.read()
    assert response.status == 101 and response["Upgrade"].lower() == "websocket"
    assert response["Connection"].lower() == "upgrade"
    data = web.pattern(5_000_000)
    sender = threading.Thread(target=client.send, args=(data,))
    sender.start()
    assert client.take(len(data)) == data
    sender.join()
    for _ in range(20):
        client.send(b"ping")
        assert client.take(4) == b"ping"


def test_half_close_of_a_client_does_not_cost_the_answer(client):
    client.ask("GET", "/owa/bytes/100000?delay=200")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.read().body == web.pattern(100_000)


def test_a_server_that_leaves_in_the_middle_is_seen_by_the_client(front):
    for head in (b"Content-Length: 50\r\n", b"Transfer-Encoding: chunked\r\n"):
        with web.Connection(front.port, front.address) as client:
            client.ask("POST", "/owa/raw", body=b"HTTP/1.1 200 OK\r\n" + head + b"\r\n5\r\nhello\r\n")
            with pytest.raises(OSError):
                response = client.read()
                assert response.status == 502, "nothing but an error or a cut"
                raise web.Cut("an error instead")


@pytest.mark.skipif(KIND == "haproxy", reason="HAProxy gathers what comes in small pieces")
def test_slow_bodies_pass_piece_by_piece(client):
    """Nothing waits for more: each piece arrives when it was sent."""
    client.ask("GET", "/owa/bytes/10?piece=1&gap=50&chunked=1")
    arrivals = []
    client.read(into=lambda piece: arrivals.append((time.monotonic(), piece)))
    assert b"".join(piece for _, piece in arrivals) == web.pattern(10)
    gaps = [b - a for (a, _), (b, _) in zip(arrivals, arrivals[1:])]
    assert len(arrivals) == 10 and min(gaps) > 0.02, gaps


def test_a_large_download_and_upload(client):
    size = 60_000_000
    total = 0
    expected, seen = hashlib.sha256(web.pattern(size)).hexdigest(), hashlib.sha256()
    client.ask("GET", f"/owa/bytes/{size}")
    client.read(into=seen.update)
    assert seen.hexdigest() == expected
    client.ask("POST", "/owa/upload", [("Content-Length", str(size))])
    while total < size:
        piece = web.PATTERN[:size - total]
        client.send(piece)
        total += len(piece)
    assert uploaded(client.read())["sha256"] == expected


@pytest.mark.skipif(KIND == "haproxy", reason="HAProxy writes names in lower case")
def test_response_bytes_are_untouched(client):
    """Names in their own case and order, with the blanks they came with."""
    head = "HTTP/1.1 200 Really  Fine\r\nX-b: 1\r\nx-A:2\r\nCoNtEnT-LeNgTh: 2\r\nSET-cookie: a=b\r\nX-b:  3 \r\n"
    response = client.get("/owa/raw", method="POST", body=(head + "\r\nok").encode())
    lines = response.head.decode().split("\r\n")
    assert [line for line in lines if line and line in head] == head.split("\r\n")[:-1], response.head
