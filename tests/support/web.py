"""HTTP/1.1 over a raw socket: requests as given, byte by byte, and responses read strictly (RFC 9112)."""
import contextlib
import re
import socket

HOST = "mail.example.test"
TIMEOUT = 10.0


class Cut(OSError):
    """The connection ended before the message was complete."""


class Silent(Exception):
    """Nothing happened for as long as the connection waits: no OSError, since no test may take that for an end."""


class Malformed(OSError):
    """The other side sent something that is no response."""


class Response:
    """`head`: bytes as received; `fields`: (name, value) pairs in order; `interim`: heads of 1xx before it."""

    def __init__(self, head, interim):
        self.head = head
        self.interim = interim
        lines = head[:-4].decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.([01]) ([1-9]\d\d) ?(.*)", lines[0])
        if not found:
            raise Malformed(f"status line {lines[0]!r}")
        self.status, self.reason = int(found[2]), found[3]
        self.http10 = found[1] == "0"
        self.fields = [tuple(part.strip(" \t") for part in line.partition(":")[::2]) for line in lines[1:]]
        self.body = b""
        self.trailers = []
        self.until_close = False

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def __getitem__(self, name):
        """The value of the only field of that name; None when there is none."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{len(values)} fields {name}")
        return values[0] if values else None

    @property
    def server(self):
        """Name of the simulated server that answered; None: the balancer itself did."""
        return self["X-FEServer"]

    @property
    def keep_alive(self):
        connection = (self["Connection"] or "").lower()
        return not self.until_close and ("keep-alive" in connection if self.http10 else "close" not in connection)

    @property
    def text(self):
        return self.body.decode("latin-1")


class Connection:
    """`source`: the client's address on loopback; `tls`: an SSLContext, then an end without close_notify is an OSError;
    `session`: a TLS session to resume."""

    def __init__(self, port, address="127.0.0.1", source=None, timeout=TIMEOUT, tls=None, server_name=HOST, session=None):
        origin = (source, 0) if source else None
        self.socket = socket.create_connection((address, port), timeout, source_address=origin)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name, suppress_ragged_eofs=False,
                                          session=session)
        self._buffer = bytearray()

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, (bytes, bytearray, memoryview)) else data.encode("latin-1"))
        except TimeoutError:
            raise Silent("the other side does not take what is sent") from None

    def ask(self, method="GET", target="/", fields=(), body=None, host=HOST, version="HTTP/1.1"):
        """Sends a request; `fields`: (name, value) pairs after Host. A body (bytes) gets a Content-Length."""
        lines = [f"{method} {target} {version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b""))

    def get(self, target="/", fields=(), method="GET", body=None, **options):
        """A request and its response."""
        self.ask(method, target, fields, body, **options)
        return self.read(method)

    def read(self, method="GET", into=None):
        """The next final response. `into(piece)`: takes the body in pieces; it is not kept then."""
        interim = []
        while True:
            response = Response(self._through(b"\r\n\r\n"), interim)
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        pieces = []
        self._body(response, method, into or pieces.append)
        response.body = b"".join(pieces)
        return response

    def head(self):
        """Only the head of the next response, whatever it is."""
        return Response(self._through(b"\r\n\r\n"), [])

    def _body(self, response, method, sink):
        if method == "HEAD" or response.status in (101, 204, 304):
            return
        coding, length = response["Transfer-Encoding"], response["Content-Length"]
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise Malformed(f"Transfer-Encoding {coding!r}, Content-Length {length!r}")
            while size := self._chunk_size():
                self._exactly(size, sink)
                if self.take(2) != b"\r\n":
                    raise Malformed("no CRLF after a chunk")
            while (line := self._through(b"\r\n")) != b"\r\n":
                response.trailers.append(line[:-2].decode("latin-1"))
        elif length is not None:
            self._exactly(int(length), sink)
        else:
            response.until_close = True
            with contextlib.suppress(Cut):
                while True:
                    sink(self.some())

    def _chunk_size(self):
        line = self._through(b"\r\n")
        if not re.fullmatch(rb"[0-9a-fA-F]+(;[^\r\n]*)?\r\n", line):
            raise Malformed(f"chunk {line!r}")
        return int(line.split(b";")[0], 16)

    def _exactly(self, size, sink):
        while size:
            piece = self.some(min(size, 1 << 20))
            sink(piece)
            size -= len(piece)

    def _through(self, end):
        searched = 0
        while (at := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end) + 1)
            self._more()
        return self.take(at + len(end))

    def _more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except TimeoutError:
            raise Silent(f"nothing came after {bytes(self._buffer[:80])!r}") from None
        if not piece:
            raise Cut(f"connection closed after {bytes(self._buffer[:80])!r}")
        self._buffer += piece

    def some(self, at_most=1 << 18):
        """What has come, at least a byte."""
        if not self._buffer:
            self._more()
        return self.take(min(at_most, len(self._buffer)))

    def take(self, size):
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def closed(self, within=5.0):
        """True when the other side closes without another byte; False when it does not in that time."""
        if self._buffer:
            return False
        self.socket.settimeout(within)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT)

    def rest(self):
        """Everything until the other side closes."""
        with contextlib.suppress(Cut, ConnectionError):
            while True:
                self._more()
        return self.take(len(self._buffer))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(port, target="/", fields=(), source=None, address="127.0.0.1", tls=None, **options):
    """One request on a connection of its own."""
    with Connection(port, address, source, tls=tls) as connection:
        return connection.get(target, fields, **options)


def chunked(*pieces, trailers=()):
    """A chunked body (RFC 9112 section 7.1)."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n"
    return body + b"".join(line.encode() + b"\r\n" for line in trailers) + b"\r\n"


def _make_pattern():
    state, block = 1, bytearray()
    for _ in range(65521):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        block.append(state >> 24)
    return bytes(block)


PATTERN = _make_pattern()


def pattern(size):
    """The body that the farm's /bytes/SIZE has."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]
