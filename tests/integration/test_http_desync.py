"""Can client, balancer and server ever disagree about where a message ends, or whether it was complete?

Servers that say too much, too early or twice, connections that end in the middle, and requests that must not be sent
twice."""
import socket
import time

import pytest
import web
from front import KIND, Front
from origin import Origin
from wait import until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVIL = b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nevil"


@pytest.fixture(scope="module")
def place(module_folder, start_module_aloha):
    origin = Origin()
    front = Front(module_folder, start_module_aloha, [("origin", origin.address, origin.port)])
    yield origin, front.port
    front.stop()
    origin.close()


@pytest.fixture
def origin(place):
    place[0].forget()
    return place[0]


@pytest.fixture
def client(place):
    with web.Connection(place[1]) as connection:
        yield connection


def next_is_clean(client):
    """The next answer is that of the next question, or the connection is closed."""
    try:
        for _ in range(3):
            response = client.get("/next")
            assert response["X-Evil"] is None and response["X-Origin"] == "1", response.head
    except OSError:
        pass


@pytest.mark.parametrize("played, method", [
    (OK + EVIL, "GET"),
    (OK + b"\r\n", "GET"),
    (OK + b"HTTP/1.1 100 Continue\r\n\r\n", "GET"),
    (OK + b"x", "GET"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + EVIL, "GET"),
    (b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, "GET"),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 80\r\n\r\n" + EVIL, "GET"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n" + EVIL, "HEAD"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + EVIL, "HEAD"),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + EVIL, "GET"),
], ids=range(10))
def test_what_a_server_says_too_much_answers_nobody(origin, client, played, method):
    origin.play(played, keep_open=True)
    assert client.get("/first", method=method)["X-Evil"] is None
    time.sleep(0.02)
    next_is_clean(client)


@pytest.mark.parametrize("played", [OK + EVIL, b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL])
def test_pipelined_questions_are_not_answered_by_it(origin, client, played):
    origin.play(played, keep_open=True)
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(3)))
    try:
        client.read()
        for _ in range(2):
            response = client.read()
            assert response["X-Evil"] is None and response["X-Origin"] == "1", response.head
    except OSError:
        pass


def test_a_server_that_speaks_unasked(origin, client):
    """An answer that was there before the question is nobody's."""
    client.get("/")
    origin.shout(EVIL)
    time.sleep(0.05)
    next_is_clean(client)


@pytest.mark.parametrize("framing, sent", [
    ("Content-Length: 10", b"hello"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
    ("Transfer-Encoding: chunked", b"5\r\nhel"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n"),
])
@pytest.mark.parametrize("reset", [False, True])
def test_an_upload_that_is_cut_is_never_completed(origin, place, framing, sent, reset):
    with web.Connection(place[1]) as client:
        client.send(f"PUT /cut HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n".encode() + sent)
        until(lambda: b"hel" in origin.wait_quiet(), 3, "the beginning arrives")
        if reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if KIND == "aloha":
        until(lambda: origin.live() == 0, 5, "the server's connection ends too")
    assert origin.requests == []


@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize("method", ["POST", "PATCH", "RPC_IN_DATA", "SEARCH"])
def test_what_is_not_idempotent_is_sent_once(origin, client, reused, method):
    """RFC 9110 section 9.2.2: the server took it and ended without a word. Did it do it? Nobody knows."""
    if reused:
        client.get("/before")
        origin.forget()
    origin.play(b"")
    try:
        assert client.get("/once", method=method, body=b"transfer 100").status == 502
    except OSError:
        pass
    time.sleep(0.1)
    assert len(origin.requests) == 1, origin.requests


def test_a_large_get_with_a_body_is_not_sent_half_again(origin, client):
    client.get("/before")
    origin.forget()
    origin.play(b"")
    try:
        assert client.get("/body", method="PUT", body=web.pattern(1_000_000)).status in (200, 502)
    except OSError:
        pass
    for request in origin.requests:
        assert request.endswith(web.pattern(1_000_000)[-100:])


def test_thousands_of_pipelined_requests(origin, client):
    number = 3000
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(number)))
    for _ in range(number):
        assert client.read()["X-Origin"] == "1"
    targets = [int(request.split(b" ")[1][1:]) for request in origin.requests]
    assert targets == list(range(number))


UPGRADE = (b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def test_a_refused_upgrade_leaves_an_ordinary_connection(origin, client):
    client.send(UPGRADE)
    assert client.read()["X-Origin"] == "1"
    next_is_clean(client)


def test_what_follows_a_refused_upgrade_is_an_ordinary_request(origin, client):
    """A client that believes in its upgrade too early sends what the balancer must still understand."""
    client.send(UPGRADE + b"GET /second HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n")
    assert client.read()["X-Origin"] == "1"
    try:
        assert client.read().status == 400
    except OSError:
        pass
    assert len(origin.requests) == 1


def test_bytes_right_after_the_switch_are_not_lost(origin, client):
    origin.play(SWITCHED + b"server first", keep_open=True)
    client.send(UPGRADE)
    assert client.read().status == 101
    assert client.take(12) == b"server first"


def test_a_tunnel_ends_when_either_side_ends(origin, place):
    for server_ends in (True, False):
        origin.forget()
        with web.Connection(place[1]) as client:
            origin.play(SWITCHED, keep_open=not server_ends)
            client.send(UPGRADE)
            assert client.read().status == 101
            if server_ends:
                assert client.closed()
        until(lambda: origin.live() == 0, 5, "the server's side has ended")


def test_a_second_host_in_a_tunnel_is_no_request(origin, client):
    """After 101 nothing is HTTP any more: no header is added, nothing is refused."""
    origin.play(SWITCHED, keep_open=True)
    client.send(UPGRADE)
    assert client.read().status == 101
    client.send(b"GET / HTTP/9.9\nHost : x\n\n")
    until(lambda: b"GET / HTTP/9.9\nHost : x\n\n" in origin.wait_quiet(), 3, "every byte as it was")
