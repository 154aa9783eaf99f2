"""Do many, long and slow connections stay cheap, and is every byte passed on at once?

Small versions; soak/test_http_long.py has the large ones."""
import concurrent.futures
import contextlib
import pathlib
import selectors
import time

import config
import ports
import pytest
import web
from heavy import Channels, half_open, memory, trickle_all
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.exchange_web(farm, "web", port))
    aloha.farm, aloha.port = farm, port
    return aloha


def test_rpc_channels_trickle_for_ten_seconds(running):
    pairs = [Channels(running.port, f"127.0.13.{number + 1}") for number in range(5)]
    delays = trickle_all(pairs, 10)
    assert len(delays) > 5 * 200, len(delays)
    for pair in pairs:
        pair.close()


def test_channels_that_end_in_the_middle_end_on_both_sides(running):
    """The end of IN is seen at once. That of OUT cannot be told from a client that has said all it wants to say and
    still listens (RFC 9112 section 9.6), until the server sends something: it does so when the other IN brings it."""
    pair = Channels(running.port, "127.0.13.9", "end")
    pair.incoming.send(b"x")
    assert pair.outgoing.take(1) == b"x"
    pair.close()
    until(lambda: len(running.ctl("session", "list").get("sessions", [])) <= 1, 5, "IN has ended")
    with web.Connection(running.port, source="127.0.13.9") as incoming:
        incoming.ask("RPC_IN_DATA", "/rpc/rpcproxy.dll?channel=end", [("Content-Length", str(1 << 30))])
        for _ in range(3):
            incoming.send(b"y")
            time.sleep(0.1)
        until(lambda: len(running.ctl("session", "list").get("sessions", [])) <= 1, 5, "OUT has ended")


def test_a_thousand_requests_held_open(running):
    """As ActiveSync does, with an answer that comes after seconds."""
    before = memory(running)
    clients = [web.Connection(running.port, timeout=30) for _ in range(1000)]
    for client in clients:
        client.ask("POST", "/Microsoft-Server-ActiveSync/?delay=6000", body=b"<Ping/>")
    time.sleep(2)
    grown = memory(running) - before
    assert grown < 32 << 20, f"{grown >> 10} KiB for 1,000 requests"
    for client in clients:
        assert client.read().status == 401
        client.close()


@pytest.mark.parametrize("text", [
    b"", b"G", b"GET /owa/ HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    b"GET /owa/ HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 8000,
    b"POST /owa/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello",
], ids=["nothing", "a_byte", "a_head", "a_large_head", "a_body"])
def test_two_thousand_half_open_clients(running, text):
    before = memory(running)
    sockets = half_open(running.port, 2000, text)
    begin = time.monotonic()
    assert web.get(running.port, "/owa/").status == 200
    assert time.monotonic() - begin < 2, "others are served"
    grown = memory(running) - before
    assert grown < 2000 * (4096 + 2 * len(text)) + (24 << 20), f"{grown >> 10} KiB for 2,000 clients"
    for s in sockets:
        s.close()
    until(lambda: not [s for s in running.ctl("session", "list").get("sessions", [])], 5, "all are gone")


def test_a_download_that_nobody_reads_holds_no_memory(running):
    before = memory(running)
    clients = []
    for _ in range(50):
        client = web.Connection(running.port)
        client.ask("GET", "/owa/bytes/100000000")
        clients.append(client)
    time.sleep(1.5)
    grown = memory(running) - before
    assert grown < 50 * (256 << 10), f"{grown >> 10} KiB for 50 slow readers"
    for client in clients:
        client.close()


def test_an_upload_that_nobody_takes_holds_no_memory(running):
    def stall(_):
        client = web.Connection(running.port, timeout=0.2)
        client.ask("POST", "/owa/upload?delay=60000", [("Content-Length", "100000000")])
        with contextlib.suppress(web.Silent):
            for _ in range(200):
                client.send(web.PATTERN)
        return client
    before = memory(running)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        clients = list(pool.map(stall, range(50)))
    grown = memory(running) - before
    assert grown < 50 * (256 << 10), f"{grown >> 10} KiB for 50 stalled uploads"
    for client in clients:
        client.close()


def test_many_clients_at_once_each_get_their_own(running):
    """300 connections, requests in flight on all of them, answers matched to questions."""
    selector = selectors.DefaultSelector()
    clients = {}
    for number in range(300):
        client = web.Connection(running.port)
        selector.register(client.socket, selectors.EVENT_READ, number)
        clients[number] = client
    for turn in range(10):
        for number, client in clients.items():
            client.ask("GET", f"/mapi/bytes/{number * 7 + turn}")
        waiting = set(clients)
        while waiting:
            for key, _ in selector.select(5):
                if key.data in waiting:
                    assert clients[key.data].read().body == web.pattern(key.data * 7 + turn)
                    waiting.discard(key.data)
    for client in clients.values():
        client.close()
    descriptors = pathlib.Path(f"/proc/{running.worker_pids()['proxy']}/fd")
    until(lambda: len(list(descriptors.iterdir())) < 200, 5, "descriptors are given back")
