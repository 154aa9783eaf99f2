"""Heavy HTTP clients, and what they cost the proxy."""
import socket
import time

import process
import web


def memory(aloha):
    """Anonymous memory of the proxy in bytes."""
    return int(process.status(aloha.worker_pids()["proxy"])["RssAnon"].split()[0]) * 1024


class Channels:
    """An Outlook Anywhere pair, each announcing 1 GiB, on the server of the client's address."""

    def __init__(self, port, name, source):
        self.incoming, self.outgoing = (web.Connection(port, source=source) for _ in range(2))
        target = f"/rpc/rpcproxy.dll?channel={name}"
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


def half_open(port, number, text):
    """Connections whose request never ends."""
    sockets = []
    for _ in range(number):
        s = socket.create_connection(("127.0.0.1", port), 10)
        s.sendall(text)
        sockets.append(s)
    return sockets
