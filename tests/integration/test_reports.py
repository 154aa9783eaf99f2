"""Does a syslog server get every line, and an administrator mail about what matters?"""
import email
import email.policy
import re
import socket
import socketserver
import threading
import time

import clients
import config
import ports
import process
import pytest
from mail_sink import MailSink
from wait import until

FORM = re.compile(r"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S+) (aloha-[a-z]+) - - - (.*)", re.DOTALL)


class Listener:
    """A syslog server on a port of its own or the one given; `lines`: (priority, program, text)."""

    def __init__(self, port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.lines = []

    def read(self):
        while True:
            try:
                datagram = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.lines
            found = FORM.fullmatch(datagram)
            assert found, datagram
            assert found[3] == socket.gethostname()
            self.lines.append((int(found[1]), found[4], found[5]))

    def has(self, program, text):
        return any(p == program and text in t for _, p, t in self.read())


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.socket.close()


@pytest.fixture
def sink():
    sink = MailSink()
    yield sink
    sink.close()


class _PickyHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 picky\r\n")
        while line := self.rfile.readline():
            answer = b"250 ok"
            if b"<night@" in line:
                answer = b"550 5.1.1 nobody of that name"
            elif line == b"DATA\r\n":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(answer + b"\r\n")


@pytest.fixture
def picky():
    """A mail server that knows no night@; `mails`: what it took."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _PickyHandler) as server:
        server.daemon_threads, server.mails = True, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def syslog(port):
    return f'log {{ syslog {{ address: "127.0.0.1" port: {port} }} }}\n'


def alert(port, *to):
    to = " ".join(f'to: "{address}"' for address in to or ["ops@example.org"])
    return f'alert {{ smtp_server: "127.0.0.1" port: {port} from: "aloha@example.org" {to} }}\n'


def start(farm, start_aloha, more):
    port = ports.free_port()
    aloha = start_aloha(more + config.of_farm(farm, "imap", "mail", port))
    aloha.farm, aloha.port, aloha.mail = farm, port, config.of_farm(farm, "imap", "mail", port)
    return aloha


def test_every_process_and_every_session_is_told(farm, start_aloha, listener):
    aloha = start(farm, start_aloha, syslog(listener.port))
    until(lambda: clients.imap(aloha.port) and listener.has("aloha-proxy", " mail "), what="lines")
    time.sleep(0.5)  # what is on its way
    before = len(listener.read())
    for _ in range(50):
        clients.imap(aloha.port)

    def told():
        return sum((pri, p) == (134, "aloha-proxy") and " mail " in t for pri, p, t in listener.read()[before:])
    until(lambda: told() >= 50, what="50 access lines")
    assert told() == 50
    aloha.ctl("server", "drain", "mail/CAS1")
    until(lambda: listener.has("aloha-supervisor", "DRAIN"), what="an event")
    process.kill(aloha.worker_pids()["proxy"])
    until(lambda: any(pri == 131 and p == "aloha-supervisor" for pri, p, _ in listener.read()), what="an error")


def test_a_server_that_comes_late_and_a_worker_that_dies_lose_no_more_than_they_must(farm, start_aloha):
    port = ports.free_port()
    aloha = start(farm, start_aloha, syslog(port))
    clients.imap(aloha.port)
    late = Listener(port)
    until(lambda: clients.imap(aloha.port) and late.has("aloha-proxy", "mail"), what="lines reach it")
    old = aloha.worker_pids()["health"]
    process.kill(old)
    until(lambda: aloha.worker_pids().get("health") not in (None, old), what="another one")
    before = len(late.read())
    until(lambda: clients.imap(aloha.port) and any(p == "aloha-proxy" for _, p, _ in late.read()[before:]), what="lines again")
    late.socket.close()


def test_what_is_not_configured_any_more_gets_nothing(farm, start_aloha, listener):
    aloha = start(farm, start_aloha, syslog(listener.port))
    until(lambda: clients.imap(aloha.port) and listener.has("aloha-proxy", "mail"), what="lines")
    aloha.apply(aloha.mail)
    time.sleep(1)  # what is on its way
    before = len(listener.read())
    for _ in range(5):
        clients.imap(aloha.port)
    time.sleep(1)
    assert len(listener.read()) == before


def read(mail):
    message = email.message_from_bytes(mail, policy=email.policy.default)
    return message, message.get_content()


def told(aloha):
    return [e for e in aloha.ctl("event", "list")["events"] if e["subject"] == "alert"]


def test_mail_when_a_server_fails(farm, start_aloha, sink):
    aloha = start(farm, start_aloha, alert(sink.port))
    farm("down CAS1 imap")
    aloha.wait_check("mail", "CAS1", "DOWN")
    until(lambda: sink.mails, 20, "a mail")
    message, text = read(sink.mails[0])
    assert (message["From"], message["To"]) == ("Aloha <aloha@example.org>", "ops@example.org")
    assert message["Subject"].startswith(f"[{socket.gethostname()}] check mail/CAS1: DOWN")
    assert message["Auto-Submitted"] == "auto-generated" and message["Date"].datetime
    assert "WARNING check mail/CAS1: DOWN" in text


def test_a_mail_that_was_refused_comes_later(farm, start_aloha, sink):
    sink.refusal = "451 4.3.0 later"
    aloha = start(farm, start_aloha, alert(sink.port))
    farm("down CAS1 imap")

    until(lambda: told(aloha), 20, "an event about it")
    assert 'answer to MAIL FROM was "451 4.3.0 later"' in told(aloha)[0]["text"]
    sink.refusal = None
    until(lambda: sink.mails, 30, "the mail")
    assert "mail/CAS1: DOWN" in read(sink.mails[0])[1]
    assert len(told(aloha)) == 1 and len(sink.mails) == 1


def test_a_corrected_mail_server_is_tried_at_once(farm, start_aloha, sink):
    aloha = start(farm, start_aloha, alert(ports.free_port()))
    farm("down CAS1 imap")
    until(lambda: told(aloha), 20, "an event about it")
    aloha.apply(alert(sink.port) + aloha.mail)
    until(lambda: sink.mails, 5, "the mail, before the next try is due")
    assert "mail/CAS1: DOWN" in read(sink.mails[0])[1]


def test_a_recipient_that_is_refused_keeps_mail_from_nobody_else(farm, start_aloha, picky):
    aloha = start(farm, start_aloha, alert(picky.server_address[1], "night@example.org", "ops@example.org"))
    farm("down CAS1 imap")
    until(lambda: picky.mails, 20, "a mail")
    text = read(picky.mails[0])[1]
    assert "mail/CAS1: DOWN" in text
    assert 'RCPT TO:<night@example.org> was "550 5.1.1 nobody of that name"' in text
    time.sleep(12)  # a mail that was not sent would be tried again after 10 s
    assert len(picky.mails) == 1 and not told(aloha)
