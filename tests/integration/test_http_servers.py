"""What do checks, drain, maintenance and dead servers do to requests, per directory?"""
import itertools
import threading
import time

import config
import ports
import pytest
import process
import web
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.exchange_web(farm, "web", port))
    aloha.farm, aloha.port = farm, port
    for directory in config.DIRECTORIES:
        for name in ("CAS1", "CAS2"):
            aloha.wait_check(f"web.{directory}", name, "UP")
    return aloha


_newcomers = itertools.count(1)


def servers(port, target, number=8):
    """Servers that answer clients who come for the first time."""
    return {web.get(port, target, source=f"127.0.11.{next(_newcomers) % 250 + 1}").server for _ in range(number)}


def on(port, target, name):
    """A connection and a cookie whose requests go to the server of that name."""
    for _ in range(8):
        client = web.Connection(port)
        response = client.get(target)
        if response.server == name:
            cookie = response["Set-Cookie"]
            return client, [("Cookie", cookie.split(";")[0])] if cookie else []
        client.close()
    raise AssertionError(f"nothing lands on {name}")


@pytest.mark.parametrize("directory, target", [("owa", "/owa/"), ("ews", "/ews/"), ("rpcproxy", "/rpc/"),
                                               ("activesync", "/Microsoft-Server-ActiveSync/")])
def test_one_dead_directory_takes_out_only_that_directory(running, directory, target):
    running.farm(f"fail CAS1 {directory}")
    running.wait_check(f"web.{directory}", "CAS1", "DOWN")
    assert servers(running.port, target) == {"CAS2"}
    for other, (prefix, *_) in config.DIRECTORIES.items():
        if other != directory:
            assert running.server(f"web.{other}", "CAS1")["checkState"] == "UP"
            assert servers(running.port, prefix + "/") == {"CAS1", "CAS2"}, other
    running.farm(f"ok CAS1 {directory}")
    running.wait_check(f"web.{directory}", "CAS1", "UP")
    assert servers(running.port, target) == {"CAS1", "CAS2"}


def test_a_denied_directory_is_not_reached(running):
    running.farm("clear")
    for target in ("/powershell", "/PowerShell/", "/%70owershell"):
        assert web.get(running.port, target).status == 403
    assert running.farm.counts("powershell", "requests") == {"CAS1": 0, "CAS2": 0}


def test_drain_moves_nobody_in_the_middle(running):
    """A request that runs ends where it is; with a cookie so do the next ones; new clients go elsewhere."""
    client, cookie = on(running.port, "/owa/", "CAS1")
    client.ask("GET", "/owa/?delay=800", cookie)
    time.sleep(0.1)
    running.ctl("server", "drain", "web.owa/CAS1")
    assert client.read().server == "CAS1"
    assert client.get("/owa/", cookie).server == "CAS1"
    assert servers(running.port, "/owa/") == {"CAS2"}
    assert servers(running.port, "/mapi/") == {"CAS1", "CAS2"}
    running.ctl("server", "ready", "web.owa/CAS1")
    assert servers(running.port, "/owa/") == {"CAS1", "CAS2"}
    client.close()


def test_drain_without_persistence_moves_at_a_request_boundary(running):
    """A client that keeps its connection open does not hold a drained server for ever, and loses nothing."""
    client, _ = on(running.port, "/mapi/", "CAS1")
    running.ctl("server", "drain", "web.mapi/CAS1")
    found = [client.get("/mapi/") for _ in range(5)]
    assert all(response.status == 401 for response in found)
    assert found[-1].server == "CAS2", "at the latest with its second request"
    client.close()


def test_maintenance_moves_clients_at_once(running):
    client, cookie = on(running.port, "/owa/", "CAS1")
    running.ctl("server", "maintenance", "web.owa/CAS1")
    client.close()
    for _ in range(5):
        assert web.get(running.port, "/owa/", cookie).server == "CAS2"


def test_a_server_that_goes_down_loses_its_requests(running):
    """A client that waits on a dead server is told at once, and not at its timeout."""
    client, _ = on(running.port, "/mapi/", "CAS1")
    client.ask("GET", "/mapi/?delay=60000")
    time.sleep(0.1)
    running.farm("stall CAS1 mapi")
    running.wait_check("web.mapi", "CAS1", "DOWN")
    begin = time.monotonic()
    try:
        assert client.read().status in (502, 503, 504)
    except OSError:
        pass
    assert time.monotonic() - begin < 5
    client.close()


def test_a_pinned_connection_ends_with_its_server(running):
    for _ in range(8):
        client = web.Connection(running.port)
        if client.get("/ews/kerberos", [("Authorization", "Negotiate TICKET.alice.x")]).server == "CAS1":
            break
        client.close()
    running.farm("stall CAS1 ews")
    running.wait_check("web.ews", "CAS1", "DOWN")
    running.farm("ok CAS1 ews")
    try:
        assert client.get("/ews/whoami")["X-User"] in ("-", None), "nobody, or an error"
    except OSError:
        pass
    client.close()


class Busy(threading.Thread):
    """Requests on keep-alive connections and on new ones, until stop(); every failure is kept."""

    def __init__(self, port):
        super().__init__()
        self.port, self.end, self.errors, self.done = port, threading.Event(), [], 0
        self.start()

    def run(self):
        connection = None
        while not self.end.is_set():
            try:
                if connection is None:
                    connection = web.Connection(self.port)
                response = connection.get("/mapi/echo", method="POST", body=b"x" * 2000)
                if response.status != 200:
                    self.errors.append(response.status)
                if not response.keep_alive or self.done % 20 == 19:
                    connection.close()
                    connection = None
            except OSError as error:
                self.errors.append(repr(error))
                connection = None
            self.done += 1

    def stop(self):
        self.end.set()
        self.join()
        return self.errors


def test_no_request_fails_while_things_change(running):
    load = [Busy(running.port) for _ in range(4)]
    more = config.of_farm(running.farm, "imap", "more", ports.free_port())
    for _ in range(3):
        running.apply(running.file.read_text() + more)
        running.ctl("service", "reload", "haproxy")
        running.ctl("server", "drain", "web.mapi/CAS1")
        running.apply(running.file.read_text())
        running.ctl("server", "ready", "web.mapi/CAS1")
    errors = [error for thread in load for error in thread.stop()]
    assert errors == [] and sum(thread.done for thread in load) > 200


def test_a_proxy_that_dies_is_replaced_and_serves_http(running):
    old = running.worker_pids()["proxy"]
    process.kill(old)
    assert until(lambda: web.get(running.port, "/owa/").status == 200, 5, "served again")
    assert running.worker_pids()["proxy"] != old


@pytest.mark.parametrize("check, up", [
    ('path: "/ews/" expect_status: 401', {"CAS1", "CAS2"}),
    ('path: "/ews/"', set()),
    ('path: "/owa/" method: "HEAD"', {"CAS1", "CAS2"}),
    ('path: "/owa/" expect_status: 204 expect_status: 302', set()),
    ('path: "/owa/" expect_body: "CAS2 owa"', {"CAS2"}),
    ('path: "/owa/echo" host: "mail.example.test" expect_body: "Host: mail.example.test"', {"CAS1", "CAS2"}),
    ('path: "/owa/bytes/200000" expect_body: "not in there"', set()),
    ('path: "/owa/?chunked=1&piece=3" expect_body: "CAS1 owa"', {"CAS1"}),
], ids=range(8))
def test_what_a_check_asks(farm, make_aloha, check, up):
    port = ports.free_port()
    aloha = make_aloha(config.http_of_farm(farm, "web", port, check=f"http {{ {check} }}")).start()
    for name in ("CAS1", "CAS2"):
        aloha.wait_check("web", name, "UP" if name in up else "DOWN")
    if up:
        assert {web.get(port, "/owa/").server for _ in range(4)} == up
    else:
        assert web.get(port, "/owa/").status == 503


def test_a_tunnel_survives_changes(running):
    with web.Connection(running.port) as client:
        client.ask("GET", "/owa/upgrade", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
        assert client.read().status == 101
        for change in (lambda: running.ctl("service", "reload", "haproxy"),
                       lambda: running.apply(running.file.read_text() + 'version_note: "other"'),
                       lambda: running.ctl("server", "drain", "CAS1"), lambda: running.ctl("server", "drain", "CAS2")):
            change()
            client.send(b"still there?")
            assert client.take(12) == b"still there?"


def test_a_request_in_flight_survives_changes(running):
    with web.Connection(running.port) as client:
        client.ask("GET", "/mapi/bytes/40?piece=1&gap=50")
        running.apply(running.file.read_text() + config.of_farm(running.farm, "imap", "more", ports.free_port()))
        running.ctl("service", "reload", "haproxy")
        running.ctl("server", "drain", "CAS1")
        running.ctl("server", "drain", "CAS2")
        assert client.read().body == web.pattern(40)
