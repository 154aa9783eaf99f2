"""Do limits, timeouts and slow peers behave: queues, networks, idle timeouts, half-close, back-pressure?"""
import pathlib
import socket
import threading
import time

import clients
import config
import ports
import pytest
from wait import until

MIB = 1 << 20


@pytest.fixture
def sink():
    """A server that reads what the test lets it read. listener.next() gives the next connection."""
    listener = socket.create_server(("127.0.0.2", 0))
    listener.settimeout(5)
    yield listener
    listener.close()


def one_server(sink, port, extra="", server_extra=""):
    return config.virtual_service("s", port, [config.server("s1", *sink.getsockname(), extra=server_extra)], check=None,
                                  extra=extra)


def test_a_full_server_lets_sessions_wait_and_serves_them_in_turn(farm, start_aloha):
    port = ports.free_port()
    servers = [config.server("CAS1", *farm.server("CAS1", "imap"), extra="max_connections: 2")]
    aloha = start_aloha(config.virtual_service("s", port, servers, check=None))
    held = [clients.Line(port) for _ in range(2)]
    for line in held:
        line.read()
    third = clients.Line(port)
    until(lambda: any(int(s.get("queued", 0)) == 1 for s in aloha.ctl("stats", "show")["virtualServices"]), 3, "one waits")
    held[0].close()
    assert "CAS1" in third.read()
    for line in held + [third]:
        line.close()


def test_a_session_that_waits_too_long_is_closed(farm, start_aloha):
    port = ports.free_port()
    servers = [config.server("CAS1", *farm.server("CAS1", "imap"), extra="max_connections: 1")]
    start_aloha(config.virtual_service("s", port, servers, check=None, extra='queue_timeout: "500ms"'))
    with clients.Line(port) as held:
        held.read()  # first, or another thread of the proxy may serve the second one before it
        late = clients.Line(port)
        begin = time.monotonic()
        with late, pytest.raises(OSError):
            late.read()
        assert 0.2 < time.monotonic() - begin < 3


def test_only_the_networks_that_are_allowed(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "s", port, extra='allow_from: "127.0.6.0/24"'))
    assert clients.imap(port, source="127.0.6.9")
    with pytest.raises(OSError):
        clients.imap(port, source="127.0.7.9")
    stats = aloha.ctl("stats", "show")["virtualServices"][0]
    assert int(stats["deniedTotal"]) == 1


def test_an_idle_session_is_closed_after_its_timeout(farm, start_aloha):
    port = ports.free_port()
    start_aloha(config.of_farm(farm, "imap", "s", port, extra='idle_timeout: "1s"'))
    with clients.Line(port) as line:
        line.read()
        for _ in range(4):
            time.sleep(0.5)
            assert line.ask("a NOOP", until="a ").startswith("a OK"), "it is not idle"
        begin = time.monotonic()
        with pytest.raises(OSError):
            line.read()
        assert 0.5 < time.monotonic() - begin < 3


@pytest.mark.parametrize("who", ["client", "server"])
def test_one_direction_may_end_while_the_other_goes_on(sink, start_aloha, who):
    port = ports.free_port()
    start_aloha(one_server(sink, port))
    client = socket.create_connection(("127.0.0.1", port), 5)
    server, _ = sink.accept()
    server.settimeout(5)
    first, second = (client, server) if who == "client" else (server, client)
    first.sendall(b"last words")
    first.shutdown(socket.SHUT_WR)
    data = b""
    while part := second.recv(100):
        data += part
    assert data == b"last words"
    second.sendall(b"x" * MIB)
    second.close()
    total = 0
    while part := first.recv(65536):
        total += len(part)
    assert total == MIB
    first.close()


def test_a_slow_reader_costs_bounded_memory(sink, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(one_server(sink, port))
    pid = aloha.worker_pids()["proxy"]
    before = resident(pid)
    pairs = []
    for _ in range(10):
        client = socket.create_connection(("127.0.0.1", port), 5)
        pairs.append((client, sink.accept()[0]))
    for client, _ in pairs:
        client.settimeout(0.2)
        try:
            for _ in range(64):
                client.sendall(b"y" * MIB)
        except OSError:
            pass
    grown = resident(pid) - before
    assert grown < 16 * MIB, f"{grown / MIB:.1f} MiB for 10 sessions whose reader sleeps"
    for client, server in pairs:
        client.close()
        server.close()


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def test_bytes_arrive_unchanged_in_both_directions_at_once(sink, start_aloha):
    port = ports.free_port()
    start_aloha(one_server(sink, port))
    client = socket.create_connection(("127.0.0.1", port), 5)
    server, _ = sink.accept()
    blocks = {client: bytes(range(256)) * 4096 * 16, server: bytes(reversed(range(256))) * 4096 * 16}
    received = {}

    def send(s):
        s.sendall(blocks[s])
        s.shutdown(socket.SHUT_WR)

    def receive(s):
        data = bytearray()
        while part := s.recv(1 << 18):
            data += part
        received[s] = bytes(data)

    for s in (client, server):
        s.settimeout(20)
    threads = [threading.Thread(target=f, args=(s,)) for f in (send, receive) for s in (client, server)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert received[client] == blocks[server] and received[server] == blocks[client]
    client.close()
    server.close()
