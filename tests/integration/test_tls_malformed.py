"""Does anything that is sent to a TLS port do harm, while others are served beside it?"""
import os
import random
import socket
import ssl
import struct
import time

import ports
import pytest
import tls
import web
from load import Load
from pki import HOST
from wait import until


@pytest.fixture(scope="module")
def running(module_farm, pki, make_module_aloha):
    port = ports.free_port()
    aloha = tls.start(make_module_aloha, tls.https_of_farm(module_farm, port), [pki.leaf("mail", "rsa2048")])
    aloha.port, aloha.context, aloha.pki = port, tls.client(pki), pki
    return aloha


@pytest.fixture(autouse=True)
def nobody_suffers(running):
    """Every test runs beside valid clients; no process may end, and none may hold on to a handshake."""
    def ask():
        assert web.get(running.port, "/owa/bytes/10", tls=running.context).body == web.pattern(10)
    before = running.worker_pids()
    with Load(ask, rate=10) as load:
        until(lambda: load.done > 3)
        yield
        done = load.done
        until(lambda: load.done > done + 3, 20, "valid clients are served")
    assert load.errors == []
    assert running.worker_pids() == before


def client_hello(pki):
    """The first flight of an ordinary client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = tls.client(pki).wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        stream.do_handshake()
    return outgoing.read()


class Raw:
    """A TLS connection whose records the test can tamper with."""

    def __init__(self, running, version=None):
        self.socket = socket.create_connection(("127.0.0.1", running.port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls.client(running.pki, version).wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)

    def send(self, data, piece=None, pause=0.0):
        for at in range(0, len(data), piece or len(data) or 1):
            self.socket.sendall(data[at:at + (piece or len(data))])
            if pause:
                time.sleep(pause)

    def handshake(self, piece=None, pause=0.0):
        while True:
            try:
                self.tls.do_handshake()
                self.send(self.outgoing.read(), piece, pause)
                return self
            except ssl.SSLWantReadError:
                self.send(self.outgoing.read(), piece, pause)
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError("closed in the handshake") from None
                self.incoming.write(data)

    def records(self, data):
        """The records that carry `data`."""
        self.tls.write(data)
        return self.outgoing.read()

    def read(self, size):
        text = b""
        while len(text) < size:
            try:
                text += self.tls.read(65536)
            except ssl.SSLWantReadError:
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError(f"closed after {text!r}") from None
                self.incoming.write(data)
        return text

    def ends(self, within=15.0):
        """The other side closes (or resets); what came before."""
        self.socket.settimeout(within)
        received = b""
        try:
            while data := self.socket.recv(65536):
                received += data
        except ConnectionError:
            pass
        return received

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


REQUEST = f"GET /owa/bytes/10 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def record(content, kind=22, version=0x0301, length=None):
    return struct.pack("!BHH", kind, version, len(content) if length is None else length) + content


def test_garbage(running):
    chance = random.Random(7)
    for size in (1, 4, 5, 6, 100, 5000, 70_000):
        for _ in range(10):
            with Raw(running) as raw:
                try:
                    raw.socket.sendall(chance.randbytes(size))
                    raw.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    continue  # it was turned away before it had said all
                raw.ends()


@pytest.mark.parametrize("text", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"EHLO me\r\n", b"\x80\x2e\x01\x00\x02" + bytes(60),
                                  b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", b"SSH-2.0-x\r\n", b"\x00" * 400, b"\xff" * 400,
                                  record(b"", kind=23), record(b"\x02\x28", kind=21),
                                  record(b"\x01", kind=20), record(b"x", version=0x0000), record(b"x", kind=99)],
                         ids=["http", "smtp", "SSLv2", "PROXY", "ssh", "zeros", "ones", "data", "alert",
                              "change cipher spec", "version 0", "kind 99"])
def test_what_is_no_client_hello(running, text):
    with Raw(running) as raw:
        raw.send(text)
        received = raw.ends()
        assert b"HTTP" not in received and len(received) < 200


def test_a_hello_cut_short_anywhere(running):
    hello = client_hello(running.pki)
    for end in [*range(0, 60), *range(60, len(hello), 17)]:
        with Raw(running) as raw:
            raw.send(hello[:end])
            raw.socket.shutdown(socket.SHUT_WR)
            raw.ends()


def test_a_hello_with_any_byte_changed(running):
    hello = client_hello(running.pki)
    chance = random.Random(3)
    for at in [*range(0, 50), *range(50, len(hello), 5)]:
        with Raw(running) as raw:
            raw.send(hello[:at] + bytes([hello[at] ^ (1 << chance.randrange(8))]) + hello[at + 1:])
            raw.socket.settimeout(0.2)  # some changes are no error: it waits for the next message
            try:
                raw.socket.recv(100)
            except OSError:
                pass


def test_oversized_hellos(running):
    hello = client_hello(running.pki)
    body = hello[9:]
    for extra in (20_000, 70_000, 1_000_000, (1 << 24) - 1 - len(body)):
        message = b"\x01" + (len(body) + extra).to_bytes(3, "big") + body
        with Raw(running) as raw:
            try:
                raw.send(b"".join(record(message[a:a + 16384]) for a in range(0, len(message), 16384)))
                for _ in range(200):
                    raw.send(record(bytes(16384)))
            except OSError:
                continue
            raw.ends()
    for length in (16385, 18433, 0xFFFF):
        with Raw(running) as raw:
            try:
                raw.send(record(bytes(length), length=length))
            except OSError:
                continue
            raw.ends()


def test_a_handshake_byte_by_byte(running):
    for version in ("TLSv1.2", "TLSv1.3"):
        with Raw(running, version) as raw:
            raw.handshake(piece=1)
            raw.send(raw.records(REQUEST), piece=1)
            assert raw.read(12).startswith(b"HTTP/1.1 200")


def test_a_hello_in_records_of_one_byte(running):
    """RFC 8446 section 5.1 allows it; whether it is taken or refused, nothing else happens."""
    hello = client_hello(running.pki)
    with Raw(running) as raw:
        try:
            raw.send(b"".join(record(hello[5 + i:6 + i]) for i in range(len(hello) - 5)))
            raw.socket.settimeout(3)
            raw.socket.recv(100)
        except OSError:
            pass


def test_floods_of_small_records(running):
    for flood in (record(b"\x01\x64", kind=21), record(b"\x01", kind=20), record(b"\x00\x00\x00\x00"), record(b"")):
        with Raw(running) as raw:
            try:
                for _ in range(300):
                    raw.send(flood * 100)
            except OSError:
                continue
            raw.ends()


def test_slow_and_half_open_clients_are_ended(running):
    """None holds its place for longer than a handshake may take (10 s)."""
    begin = time.monotonic()
    silent = [Raw(running) for _ in range(100)]
    for raw, text in zip(silent, (record(b""), record(b"\x01"), record(b"\x01\x00"))):  # the beginning of something
        raw.send(text)
    slow = Raw(running)
    hello = client_hello(running.pki)
    ended = False
    for byte in hello[:200]:
        try:
            slow.send(bytes([byte]))
        except OSError:
            ended = True
            break
        slow.socket.settimeout(0.25)
        try:
            if slow.socket.recv(100) == b"":
                ended = True
                break
        except TimeoutError:
            pass
        except ConnectionError:
            ended = True
            break
    assert ended and time.monotonic() - begin < 20
    for raw in silent:
        assert len(raw.ends(10)) < 200
        raw.socket.close()


def test_thousands_at_once_do_not_take_the_places_of_others(running):
    """One address has its share of handshakes in progress; another is served beside it."""
    flood = []
    for _ in range(1500):
        s = socket.socket()
        s.settimeout(1)
        s.bind(("127.0.20.1", 0))
        try:
            s.connect(("127.0.0.1", running.port))
        except OSError:
            s.close()
            continue
        flood.append(s)
    for _ in range(10):
        assert web.get(running.port, "/owa/bytes/10", source="127.0.20.2", tls=running.context).status == 200
    for s in flood:
        s.close()


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_bad_records_behind_the_handshake_end_that_connection(running, version):
    def changed(data, at):
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    for tamper in (lambda d: changed(d, len(d) - 1), lambda d: changed(d, 5), lambda d: changed(d, 0), lambda d: changed(d, 1),
                   lambda d: d[:3] + b"\x00\x00" + d[5:], lambda d: d[:3] + b"\xff\xff" + d[5:], lambda d: os.urandom(400),
                   lambda d: d[:-1] + d, lambda d: record(bytes(16640), 23, 0x0303), lambda d: record(bytes(16641), 23, 0x0303)):
        with Raw(running, version) as raw:
            raw.handshake()
            raw.send(raw.records(REQUEST))
            assert raw.read(12).startswith(b"HTTP/1.1 200")
            raw.send(tamper(raw.records(REQUEST)))
            raw.socket.shutdown(socket.SHUT_WR)
            raw.ends()


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_cut_is_not_an_end(running, version):
    """A request body that ends by FIN without close_notify is not complete, whatever a server would make of it."""
    with Raw(running, version) as raw:
        raw.handshake()
        raw.send(raw.records(b"POST /owa/upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf"))
        raw.socket.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in raw.ends()
