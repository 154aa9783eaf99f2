"""Short dialogues through the balancer. Each gives the name of the server that answered, and raises OSError (Cut when
the connection ended too early) when something is wrong."""
import re
import socket
import ssl
import struct

TIMEOUT = 5.0


class Cut(OSError):
    """The connection ended before the answer was complete."""


def unverified():
    """A TLS context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the authorities of this machine, which take long to read
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Line:
    """A connection of lines. `source`: the client's address on loopback; `tls`: an SSLContext, or True for one that takes
    any certificate."""

    def __init__(self, port, address="127.0.0.1", source=None, tls=False, timeout=TIMEOUT):
        origin = (source, 0) if source else None
        self.socket = socket.create_connection((address, port), timeout, source_address=origin)
        self._buffer = b""
        if tls:
            self.start_tls(tls)

    def start_tls(self, tls=True, server_name="mail.example.test"):
        context = unverified() if tls is True else tls
        self.socket = context.wrap_socket(self.socket, server_hostname=server_name)

    def read(self):
        while b"\n" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise Cut("connection closed by the other side")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r").decode()

    def send(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def ask(self, text, until=""):
        """Sends a line and returns the first answer that begins with `until`."""
        self.send(text)
        while True:
            answer = self.read()
            if answer.startswith(until):
                return answer

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _name(text):
    found = re.search(r"\b(CAS\d+|HUB\d+)\b", text)
    if not found:
        raise OSError(f"no server name in {text!r}")
    return found[1]


def imap(port, **options):
    """Greeting, login and logout."""
    with Line(port, **options) as line:
        name = _name(line.read())
        for command in ("LOGIN user secret", "LOGOUT"):
            answer = line.ask(f"a {command}", until="a ")
            if not answer.startswith("a OK"):
                raise OSError(answer)
        return name


def pop3(port, **options):
    with Line(port, **options) as line:
        name = _name(line.read())
        for command in ("USER user", "PASS secret", "STAT", "QUIT"):
            answer = line.ask(command)
            if not answer.startswith("+OK"):
                raise OSError(answer)
        return name


def smtp(port, **options):
    with Line(port, **options) as line:
        name = _name(line.read())
        line.ask("EHLO client.example.test", until="250 ")
        line.ask("QUIT", until="221")
        return name


def echo(port, **options):
    """On the RPC ports of the farm: a line that comes back with the server's name."""
    with Line(port, **options) as line:
        return _name(line.ask("who"))


def rpc_bind(port, **options):
    """A DCE/RPC bind to the endpoint mapper interface (C706 chapter 12) and one request; the server's name."""
    mapper = bytes.fromhex("0883afe11f5dc91191a408002b14a0fa03000000")
    ndr = bytes.fromhex("045d888aeb1cc9119fe808002b10486002000000")
    body = struct.pack("<HHIBxxxHBx", 5840, 5840, 0, 1, 0, 1) + mapper + ndr
    with Line(port, **options) as line:
        for kind, content, expected in ((11, body, 12), (0, struct.pack("<IHH", 0, 0, 3), 2)):
            header = bytes([5, 0, kind, 3, 0x10, 0, 0, 0]) + struct.pack("<HHI", 16 + len(content), 0, 1)
            line.socket.sendall(header + content)
            answer = _read_pdu(line.socket)
            if answer[2] != expected:
                raise OSError(f"PDU type {answer[2]}, expected {expected}")
        return _name(answer[24:].decode())


def _read_pdu(s):
    data = b""
    while len(data) < 16 or len(data) < struct.unpack_from("<H", data, 8)[0]:
        part = s.recv(65536)
        if not part:
            raise Cut("connection closed inside a PDU")
        data += part
    return data


def https(port, path="/owa/", **options):
    """One request over TLS; the server's name out of X-FEServer."""
    with Line(port, tls=True, **options) as line:
        line.send(f"GET {path} HTTP/1.1\r\nHost: mail.example.test\r\nConnection: close\r\n")
        head = []
        while (text := line.read()) != "":
            head.append(text)
        return _name("\n".join(head))
