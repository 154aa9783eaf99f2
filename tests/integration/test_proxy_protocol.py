"""Is the client's address passed on in PROXY protocol headers, and read from them?"""
import re
import socket
import struct
import threading

import clients
import config
import ports
import pytest


class Recorder:
    """A server that keeps the first bytes of each connection, up to the line "hello", and answers "seen"."""

    def __init__(self):
        self.seen = []
        self._listener = socket.create_server(("127.0.0.2", 0))
        self.address = self._listener.getsockname()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection):
        connection.settimeout(5)
        data = b""
        try:
            while not data.endswith(b"hello\r\n"):
                part = connection.recv(4096)
                if not part:
                    break
                data += part
            self.seen.append(data)
            connection.sendall(b"seen\r\n")
            connection.recv(1)  # the client closes first
        except OSError:
            pass

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@pytest.fixture
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.stop()


def service(recorder, port, server_extra="", listener=""):
    one = config.server("s1", *recorder.address, extra=server_extra)
    return config.virtual_service("s", port, [one], check=None, listener=listener)


def test_version_1_towards_the_server(recorder, start_aloha):
    port = ports.free_port()
    start_aloha(service(recorder, port, "send_proxy: V1"))
    with clients.Line(port, source="127.0.5.1") as line:
        own = line.socket.getsockname()[1]
        assert line.ask("hello") == "seen"
    assert recorder.seen[-1] == f"PROXY TCP4 127.0.5.1 127.0.0.1 {own} {port}\r\nhello\r\n".encode()


def test_version_2_towards_the_server(recorder, start_aloha):
    port = ports.free_port()
    start_aloha(service(recorder, port, "send_proxy: V2"))
    with clients.Line(port, source="127.0.5.2") as line:
        own = line.socket.getsockname()[1]
        assert line.ask("hello") == "seen"
    data = recorder.seen[-1]
    assert data[:14] == b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    length = struct.unpack(">H", data[14:16])[0]
    assert data[16:28] == socket.inet_aton("127.0.5.2") + socket.inet_aton("127.0.0.1") + struct.pack(">HH", own, port)
    assert data[16 + length:] == b"hello\r\n"


V2_HEADER = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1")
             + struct.pack(">HH", 4444, 143))


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.7 192.0.2.1 4444 143\r\n", V2_HEADER], ids=["v1", "v2"])
def test_a_listener_reads_the_header_and_passes_the_address_on(recorder, start_aloha, header):
    port = ports.free_port()
    text = service(recorder, port, "send_proxy: V1", "accept_proxy: true")
    aloha = start_aloha(text)
    with clients.Line(port) as line:
        line.socket.sendall(header)
        assert line.ask("hello") == "seen"
        assert aloha.ctl("session", "list", "--client", "192.0.2.7")["sessions"]
    assert re.match(rb"PROXY TCP4 192\.0\.2\.7 192\.0\.2\.1 4444 143\r\nhello", recorder.seen[-1])


@pytest.mark.parametrize("junk", [b"a LOGIN x y\r\n", b"PROXY TCP4 300.0.2.7 192.0.2.1 4444 143\r\n", b"PROXY " + b"x" * 200],
                         ids=["no header", "bad address", "too long"])
def test_a_listener_that_wants_a_header_closes_without_one(recorder, start_aloha, junk):
    port = ports.free_port()
    text = service(recorder, port, listener="accept_proxy: true")
    start_aloha(text)
    with clients.Line(port) as line:
        line.socket.sendall(junk)
        with pytest.raises(OSError):
            line.read()
    assert recorder.seen == []
