"""Many slow downloads over TLS at once, in one thread."""
import asyncio
import ssl
import threading

import web
from pki import HOST


class Downloads:
    """`number` connections, each of which takes `size` bytes in about `seconds`. Runs until all have ended.

    established: how many have received something; errors: texts of what went wrong with those that failed; done: how many
    got every byte.
    """

    def __init__(self, port, context, number=500, size=120_000, seconds=10.0):
        self._expected = web.pattern(size)
        pieces = 20
        self._target = f"/owa/bytes/{size}?piece={size // pieces}&gap={int(seconds * 1000 / pieces)}"
        self._port, self._context, self._number = port, context, number
        self.established, self.done, self.errors = 0, 0, []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()

    async def _all(self):
        gate = asyncio.Semaphore(50)  # of connections that begin, so that the listener's queue is not the test
        await asyncio.gather(*(self._one(gate) for _ in range(self._number)))

    async def _one(self, gate):
        try:
            async with gate:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._context,
                                                               server_hostname=HOST, limit=1 << 22)
                writer.write(f"GET {self._target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
            self.established += 1
            assert head.startswith(b"HTTP/1.1 200"), head
            body = await reader.readexactly(len(self._expected))
            assert body == self._expected, "another body"
            self.done += 1
            writer.close()
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, AssertionError) as error:
            self.errors.append(f"{type(error).__name__}: {error}"[:200])

    def wait(self, timeout=60):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"{self.done} of {self._number} are done"
