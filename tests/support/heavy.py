"""Heavy HTTP clients, and what they cost the proxy."""
import concurrent.futures
import functools
import itertools
import socket
import time

import process
import web


@functools.cache
def _sanitized(binary):
    data = binary.read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


def memory(aloha, role="proxy"):
    """Anonymous memory of a worker in bytes; 0 under a sanitizer, whose memory says nothing about ours."""
    if _sanitized(aloha.bin / f"aloha-{role}"):
        return 0
    return int(process.status(aloha.worker_pids()[role])["RssAnon"].split()[0]) * 1024


_names = itertools.count()


class Channels:
    """An Outlook Anywhere pair, each announcing 1 GiB, on the server of the client's address."""

    def __init__(self, port, source, name=None):
        self.incoming, self.outgoing = (web.Connection(port, source=source) for _ in range(2))
        target = f"/rpc/rpcproxy.dll?channel={name or f'pair{next(_names)}'}"
        self.outgoing.ask("RPC_OUT_DATA", target, [("Content-Length", "0")])
        head = self.outgoing.head()
        assert (head.status, head["Content-Length"]) == (200, str(1 << 30))
        self.incoming.ask("RPC_IN_DATA", target, [("Content-Length", str(1 << 30))])

    def trickle(self, seconds, pause=0.02):
        """Sends a little at a time and waits for it to come back; the delays."""
        delays, end, number = [], time.monotonic() + seconds, 0
        while time.monotonic() < end:
            number += 1
            data = web.pattern(number % 40 + 1)
            begin = time.monotonic()
            self.incoming.send(data)
            assert self.outgoing.take(len(data)) == data
            delays.append(time.monotonic() - begin)
            time.sleep(pause)
        return delays

    def close(self):
        self.incoming.close()
        self.outgoing.close()


def trickle_all(pairs, seconds, pause=0.02):
    """Every pair at once; all delays in seconds."""
    with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
        return [delay for delays in pool.map(lambda pair: pair.trickle(seconds, pause), pairs) for delay in delays]


def half_open(port, number, text):
    """Connections whose request never ends."""
    sockets = []
    for _ in range(number):
        s = socket.create_connection(("127.0.0.1", port), 10)
        s.sendall(text)
        sockets.append(s)
    return sockets
