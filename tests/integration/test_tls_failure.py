"""What does the death of a process, or the end of the stunnel service, do to TLS connections?"""
import os
import signal
import ssl

import ports
import process
import pytest
import tls
import web
from downloads import Downloads
from load import Load
from wait import until

NUMBER = 500


@pytest.fixture
def running(farm, pki, make_aloha):
    port = ports.free_port()
    aloha = tls.start(make_aloha, tls.https_of_farm(farm, port), [pki.leaf("mail", "rsa2048"), pki.leaf("ecdsa", "p256")])
    aloha.port, aloha.context, aloha.farm, aloha.pki = port, tls.client(pki), farm, pki
    return aloha


def ask(aloha):
    return web.get(aloha.port, "/owa/bytes/10", tls=aloha.context).body == web.pattern(10)


def test_500_downloads_outlive_tls_and_keys(running):
    downloads = Downloads(running.port, running.context, NUMBER)
    until(lambda: downloads.established + len(downloads.errors) >= NUMBER, 60, "all downloads run")
    assert downloads.errors == []
    for name in ("tls", "keys"):
        old = running.worker_pids()[name]
        process.kill(old)
        running.replaced(name, old)
    assert downloads.done < NUMBER, "they still ran"
    until(lambda: ask(running), 10, "new clients are served")
    downloads.wait()
    assert downloads.errors == [] and downloads.done == NUMBER


@pytest.mark.parametrize("name", ["tls", "keys"])
def test_new_clients_are_served_again_at_once(running, name):
    with Load(lambda: ask(running), rate=20) as load:
        until(lambda: load.done > 10)
        old = running.worker_pids()[name]
        process.kill(old)
        running.replaced(name, old)
        done = load.done
        until(lambda: load.done > done + 20, 20, "load goes on")
    # Those in handshake were cut, or their signature never came; the listening socket itself never went away.
    assert not [e for e in load.errors if "Refused" in e[1]], load.errors
    assert len(load.errors) <= 10, load.errors


def test_the_proxy_dies_and_nothing_else(running):
    before = running.worker_pids()
    downloads = Downloads(running.port, running.context, 50)
    until(lambda: downloads.established >= 50, 30, "downloads run")
    process.kill(before["proxy"])
    until(lambda: ask(running), 10, "new clients are served")
    downloads.wait()
    assert len(downloads.errors) == 50, "what it carried died with it"
    running.replaced("proxy", before["proxy"])
    after = running.worker_pids()
    assert {n: p for n, p in after.items() if n != "proxy"} == {n: p for n, p in before.items() if n != "proxy"}
    assert all(ask(running) for _ in range(20))


def test_keys_that_do_not_answer_end_handshakes_and_nothing_else(running):
    """A stopped process is worse than a dead one: nobody replaces it."""
    pid = running.worker_pids()["keys"]
    with web.Connection(running.port, tls=running.context) as c:
        session = None
        assert c.get("/owa/bytes/10").body == web.pattern(10)
        session = c.socket.session
        os.kill(pid, signal.SIGSTOP)
        try:
            assert c.get("/owa/bytes/10").body == web.pattern(10)
            with web.Connection(running.port, tls=running.context, session=session) as resumed:
                assert resumed.socket.session_reused, "no signature is needed"
            with pytest.raises((OSError, web.Silent)):
                web.Connection(running.port, tls=running.context, timeout=20)
        finally:
            os.kill(pid, signal.SIGCONT)
    until(lambda: ask(running), 10, "signatures come again")


def test_stunnel_stops_and_starts(running):
    downloads = Downloads(running.port, running.context, 50, seconds=4.0)
    until(lambda: downloads.established >= 50, 30, "downloads run")
    running.ctl("service", "stop", "stunnel")
    with pytest.raises(ConnectionRefusedError):
        web.Connection(running.port)
    assert downloads.done < 50
    service = running.service("stunnel")
    assert service["state"] == "NOK" and "stop" in service["reason"].lower(), service
    running.ctl("service", "start", "stunnel")
    until(lambda: ask(running), 10, "new clients are served")
    downloads.wait()
    assert downloads.errors == [] and downloads.done == 50
    assert running.service("stunnel")["state"] == "OK"


def test_a_connection_goes_on_when_everybody_else_is_dead(running):
    """Only aloha-proxy carries it: the supervisor, aloha-tls and aloha-keys may all be gone."""
    with web.Connection(running.port, tls=running.context) as c:
        assert c.get("/owa/bytes/10").body == web.pattern(10)
        pids = running.worker_pids()
        running.kill()
        for name in ("tls", "keys", "health", "system"):
            process.kill(pids[name])
        for size in (10, 1_000_000):
            assert c.get(f"/owa/bytes/{size}").body == web.pattern(size)
        with pytest.raises((OSError, ssl.SSLError, web.Silent)):
            web.Connection(running.port, tls=running.context, timeout=2)
        assert c.get("/owa/bytes/10").body == web.pattern(10)
