"""A server of a few lines that records what arrives, byte by byte, and answers simply or plays what it is told."""
import contextlib
import re
import socket
import threading
import time

ANSWER = b"HTTP/1.1 200 OK\r\nX-Origin: 1\r\nContent-Length: 2\r\n\r\nok"


class Origin:
    """Listens on address:port (0: any). requests: bytes of each complete request; received: of each connection."""

    def __init__(self, address="127.0.0.1", port=0):
        self._listener = socket.create_server((address, port), backlog=512)
        self.address, self.port = self._listener.getsockname()
        self._lock = threading.Lock()
        self._open = set()
        self.forget()
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self):
        """Starts anew, with plain answers; what old connections still bring is not recorded."""
        with self._lock:
            self.requests, self.received = [], []
            self._era = object()
            self._played, self._keep_open = None, False
            self._busy = 0

    def play(self, *pieces, keep_open=False):
        """Answers the next complete request with these bytes, piece by piece, then closes the connection, or leaves it
        open."""
        self._played, self._keep_open = pieces, keep_open

    def wait_quiet(self, timeout=2.0):
        """Waits until every byte that arrived has been looked at; all bytes since forget()."""
        time.sleep(0.01)
        end = time.monotonic() + timeout
        while self._busy and time.monotonic() < end:
            time.sleep(0.005)
        with self._lock:
            return b"".join(bytes(data) for data in self.received)

    def shout(self, data):
        """Sends these bytes on every open connection, asked or not."""
        with self._lock:
            for connection in self._open:
                connection.sendall(data)

    def live(self):
        """Connections that are open."""
        with self._lock:
            return len(self._open)

    def close(self):
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with self._lock:
                    self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        buffer, record, era = bytearray(), bytearray(), None
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(1 << 16):
                buffer += data
                with self._lock:
                    if era is not self._era:
                        era, record = self._era, bytearray()
                        self.received.append(record)
                    record += data
                    self._busy += 1
                try:
                    if not self._answer(connection, buffer):
                        break
                finally:
                    with self._lock:
                        self._busy = max(0, self._busy - 1)
        with self._lock:
            self._open.discard(connection)

    def _answer(self, connection, buffer):
        """Answers the complete requests in the buffer; False when the connection is to be closed."""
        while size := request_size(buffer):
            request = bytes(buffer[:size])
            del buffer[:size]
            with self._lock:
                self.requests.append(request)
                played, self._played = self._played, None
                keep_open = self._keep_open
            if played is None:
                connection.sendall(ANSWER[:-2] if request.startswith(b"HEAD") else ANSWER)
                continue
            for number, piece in enumerate(played):
                time.sleep(0.002 if number else 0)
                connection.sendall(piece)
            if not keep_open:
                return False
        return True


def request_size(buffer):
    """Length of the request that the buffer begins with, as a strict server sees it; 0: not complete."""
    head, separator, rest = bytes(buffer).partition(b"\r\n\r\n")
    if not separator:
        return 0
    if re.search(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked[ \t]*(\r\n|$)", head):
        body = re.match(rb"(?s)(?:(?!0+\r\n)[0-9a-fA-F]+(?:;[^\r\n]*)?\r\n.*?\r\n)*?0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n", rest)
        return len(head) + 4 + body.end() if body else 0
    length = re.search(rb"(?i)\r\ncontent-length:[ \t]*(\d+)[ \t]*(\r\n|$)", head)
    size = int(length[1]) if length else 0
    return len(head) + 4 + size if len(rest) >= size else 0
