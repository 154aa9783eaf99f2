"""Are sessions resumed, whatever process or thread they come to, and only where they should?"""
import ssl
import subprocess

import ports
import process
import pytest
import tls
import web
from pki import HOST


class Client:
    """Reconnects with the newest session it was given."""

    def __init__(self, pki, port, version):
        self.context = tls.client(pki, version)
        self.port = port
        self.session = None

    def connect(self):
        """One request; whether the session was resumed."""
        with web.Connection(self.port, tls=self.context, session=self.session) as c:
            assert c.get("/owa/bytes/10").body == web.pattern(10)
            self.session = c.socket.session
            return c.socket.session_reused


@pytest.fixture
def running(farm, pki, make_aloha):
    port = ports.free_port()
    leaf = pki.leaf("mail", "rsa2048")
    text = tls.https_of_farm(farm, port) + "performance { proxy_threads: 4 }"
    aloha = tls.start(make_aloha, text, [leaf])
    aloha.port, aloha.pki, aloha.text, aloha.farm = port, pki, text, farm
    return aloha


def replace_tls(aloha):
    """kill -9 of aloha-tls, and a new one that runs."""
    old = aloha.worker_pids()["tls"]
    process.kill(old)
    aloha.replaced("tls", old)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_1000_reconnects_over_threads_and_restarts(running, version):
    client = Client(running.pki, running.port, version)
    assert not client.connect()
    resumed = 0
    for number in range(1000):
        if number in (300, 600):
            replace_tls(running)
        if number == 800:
            running.ctl("service", "reload", "haproxy")
        resumed += client.connect()
    assert resumed >= 990, resumed


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_ticket_holds_for_its_certificate_alone(farm, pki, make_aloha, version):
    one, two = ports.free_port(), ports.free_port()
    text = tls.https_of_farm(farm, one, "mail", name="one") + tls.https_of_farm(farm, two, "other", name="two")
    tls.start(make_aloha, text, [pki.leaf("mail", "rsa2048"), pki.leaf("other", "p256")])
    client = Client(pki, one, version)
    client.connect()
    assert client.connect()
    client.port = two
    assert not client.connect(), "the listener shows another certificate"


def test_a_forged_ticket_is_a_full_handshake(running):
    """Sessions whose tickets another server made mean nothing here, and do no harm."""
    client = Client(running.pki, running.port, "TLSv1.3")
    address, port = running.farm.server("CAS1", "https")
    context = client.context
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with web.Connection(port, address, tls=context) as c:
        c.get("/owa/bytes/1")
        client.session = c.socket.session
    assert client.session.has_ticket
    assert not client.connect()
    assert client.connect()


def test_no_early_data_is_offered(running):
    """A ticket says how much a client may send before the handshake is done: nothing (RFC 8446 section 4.6.1)."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{running.port}", "-servername", HOST, "-CAfile",
                           running.pki.ca, "-tls1_3", "-ign_eof"], capture_output=True, text=True, timeout=20,
                          input="GET /owa/bytes/1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert "Max Early Data: 0" in done.stdout, done.stdout[-1500:]
    assert "Secure Renegotiation IS NOT supported" in done.stdout or "TLSv1.3" in done.stdout
