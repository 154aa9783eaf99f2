"""HTTP in large: 4 GB both ways, thousands of held and half-open connections, changes once a second under load.

ALOHA_HTTP_SECONDS says how long the timed ones run; a minute by default."""
import hashlib
import itertools
import os
import re
import resource
import subprocess
import threading
import time

import config
import ports
import process
import pytest
import web
from affinity import CLIENTS, PERSISTENCE, Kind
from heavy import Channels, half_open, memory, trickle_all
from wait import until

SECONDS = int(os.environ.get("ALOHA_HTTP_SECONDS", "60"))
FOUR_GB = 4 << 30
FLAT = 8 << 20


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.exchange_web(farm, "web", port, extra='idle_timeout: "3600s"'))
    aloha.farm, aloha.port = farm, port
    return aloha


class Watch(threading.Thread):
    """The most memory of the proxy while the block runs."""

    def __init__(self, aloha):
        super().__init__()
        self._aloha, self._end = aloha, threading.Event()
        self.before = self.most = memory(aloha)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self.join()

    def run(self):
        while not self._end.wait(0.2):
            self.most = max(self.most, memory(self._aloha))

    @property
    def grown(self):
        return self.most - self.before


def test_four_gigabytes_down(running):
    seen = 0

    def count(piece):
        nonlocal seen
        at = seen % len(web.PATTERN)
        assert piece[:64] == (web.PATTERN + web.PATTERN[:64])[at:at + min(64, len(piece))]
        seen += len(piece)

    with Watch(running) as watch, web.Connection(running.port, timeout=60) as client:
        client.ask("GET", f"/mapi/bytes/{FOUR_GB}")
        client.read(into=count)
        assert seen == FOUR_GB
        assert client.get("/mapi/echo").status == 200
    assert watch.grown < FLAT, f"{watch.grown >> 10} KiB"


@pytest.mark.parametrize("chunked", [False, True])
def test_four_gigabytes_up(running, chunked):
    block = web.PATTERN * 16
    expected, sent = hashlib.sha256(), 0
    with Watch(running) as watch, web.Connection(running.port, timeout=120) as client:
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(FOUR_GB))
        client.ask("POST", "/mapi/upload", [framing])
        while sent < FOUR_GB:
            piece = block[:FOUR_GB - sent]
            expected.update(piece)
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
        if chunked:
            client.send(b"0\r\n\r\n")
        assert f'"sha256":"{expected.hexdigest()}"' in client.read().text
    assert watch.grown < FLAT, f"{watch.grown >> 10} KiB"


def test_five_thousand_requests_held_open(running):
    hold = SECONDS
    with Watch(running) as watch:
        clients = [web.Connection(running.port, timeout=hold + 60) for _ in range(5000)]
        for client in clients:
            client.ask("POST", f"/Microsoft-Server-ActiveSync/?delay={hold * 1000}", body=b"<Ping/>")
        for client in clients:
            assert client.read().status == 401
            client.close()
    assert watch.grown < 5000 * (24 << 10), f"{watch.grown >> 10} KiB"


def test_ten_thousand_half_open_clients(running):
    """Fewer where the machine allows fewer descriptors: a session may need two."""
    number = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 500)
    texts = (b"", b"G", b"GET /owa/ HTTP/1.1\r\nHost: a\r\nX: ",
             b"POST /mapi/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    with Watch(running) as watch:
        sockets = list(itertools.chain.from_iterable(half_open(running.port, number // 4, text) for text in texts))
        for _ in range(100):
            begin = time.monotonic()
            assert web.get(running.port, "/owa/").status == 200
            assert time.monotonic() - begin < 2
        for s in sockets:
            s.close()
    assert watch.grown < number * (16 << 10), f"{watch.grown >> 10} KiB"


def test_slow_heads_are_answered_408(running):
    """One byte a second keeps nobody waiting for ever: the whole head has 30 seconds."""
    with web.Connection(running.port, timeout=45) as client:
        begin = time.monotonic()
        answer = []
        reader = threading.Thread(target=lambda: answer.append(client.read()))
        reader.start()
        try:
            for byte in itertools.cycle(b"GET /owa/ HTTP/1.1\r\nX-Slow: " + b"a" * 60):
                client.send(bytes([byte]))
                time.sleep(1)
                if not reader.is_alive() or time.monotonic() > begin + 45:
                    break
        except OSError:
            pass
        reader.join()
    assert answer and answer[0].status == 408 and 25 < time.monotonic() - begin < 40


def test_rpc_channels_for_minutes(running):
    pairs = [Channels(running.port, f"127.0.13.{number + 1}") for number in range(20)]
    delays = trickle_all(pairs, SECONDS * 2, pause=0.2)
    assert len(delays) > 20 * SECONDS * 5
    for pair in pairs:
        pair.close()


def test_nothing_fails_under_wrk_while_everything_changes(running):
    wrk = subprocess.Popen(["wrk", "-t1", "-c50", f"-d{SECONDS}s", f"http://127.0.0.1:{running.port}/owa/"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = running.file.read_text()
    more = config.of_farm(running.farm, "imap", "more", ports.free_port())
    steps = itertools.cycle([lambda: running.apply(text + more), lambda: running.ctl("service", "reload", "haproxy"),
                             lambda: running.ctl("server", "drain", "web.owa/CAS1"), lambda: running.apply(text),
                             lambda: running.ctl("server", "ready", "web.owa/CAS1")])
    while wrk.poll() is None:
        next(steps)()
        time.sleep(0.5)
    output = wrk.stdout.read()
    assert wrk.returncode == 0 and "Socket errors" not in output and "Non-2xx" not in output, output
    assert int(re.search(r"(\d+) requests in", output)[1]) > 1000 * SECONDS / 10, output


@pytest.mark.parametrize("kind", ["cookie", "source", "authorization"])
def test_ten_thousand_requests_of_each_persistence(farm, start_aloha, kind):
    port = ports.free_port()
    aloha = start_aloha(config.http_of_farm(farm, "web", port, extra=PERSISTENCE[kind]))
    clients = Kind(kind, port)
    expected = clients.map()
    assert set(expected.values()) == {"CAS1", "CAS2"} and len(expected) == CLIENTS
    for part in range(10):
        assert clients.wrong(expected, 1000) == []
        if part % 3 == 1:
            aloha.ctl("service", "reload", "haproxy")
        if part == 5:
            old = aloha.worker_pids()["proxy"]
            process.kill(old)
            until(lambda: aloha.worker_pids().get("proxy") not in (None, old), what="a new proxy")
            until(lambda: clients.get(0), what="it serves")
