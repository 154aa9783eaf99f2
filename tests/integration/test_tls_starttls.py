"""Does TLS that begins in the middle of a mail dialogue begin it anew, and let nothing slip by?"""
import imaplib
import poplib
import smtplib
import ssl

import clients
import config
import ports
import pytest
import tls
from pki import HOST
from wait import until

KINDS = ("imap", "pop3", "smtp")


def areas(farm, port, starttls, more=""):
    p = farm.ports
    return config.exchange_servers(farm) + "".join(
        f'{kind} {{ mode: CLEAR virtual_port: {port[kind]} server_port: {p[kind]} certificate: "mail" starttls: {starttls} '
        f"{more if kind == 'smtp' else ''} }}\n" for kind in KINDS)


@pytest.fixture(scope="module", params=["OFFERED", "REQUIRED"])
def running(request, module_farm, pki, make_module_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    aloha = tls.start(make_module_aloha, areas(module_farm, port, request.param), [pki.leaf("mail", "rsa2048")])
    aloha.port, aloha.pki, aloha.farm, aloha.required = port, pki, module_farm, request.param == "REQUIRED"
    return aloha


def test_imaplib(running):
    with imaplib.IMAP4("127.0.0.1", running.port["imap"], timeout=10) as c:
        assert "STARTTLS" in c.capabilities
        c.starttls(context_for_loopback(running.pki))
        assert "STARTTLS" not in c.capabilities
        c.login("user", "secret")
        assert c.list()[0] == "OK"
        c.select("INBOX", readonly=True)
        message = c.fetch("3", "(BODY.PEEK[])")[1][0][1]
        assert len(message) > 10_000_000


def test_poplib(running):
    c = poplib.POP3("127.0.0.1", running.port["pop3"], timeout=10)
    assert "STLS" in c.capa()
    c.stls(context_for_loopback(running.pki))
    assert "STLS" not in c.capa()
    c.user("user")
    c.pass_("secret")
    assert sum(len(line) + 2 for line in c.retr(3)[1]) > 10_000_000
    c.quit()


def test_smtplib(running):
    with smtplib.SMTP("127.0.0.1", running.port["smtp"], timeout=10) as c:
        c.ehlo()
        assert c.has_extn("starttls")
        c.starttls(context=context_for_loopback(running.pki))
        c.ehlo()
        assert not c.has_extn("starttls") and c.has_extn("auth")
        c.login("user", "secret")
        assert c.sendmail("a@example.test", ["b@example.test"], b"x" * 70 + b"\r\n" + b"y\r\n" * 3_000_000) == {}


def context_for_loopback(pki):
    """The libraries expect the name they connect to, an address."""
    context = tls.client(pki)
    context.check_hostname = False
    return context


# Greeting and what asks for TLS, with what agrees.
START = {"imap": ("a STARTTLS", "a OK"), "pop3": ("STLS", "+OK"), "smtp": ("STARTTLS", "220")}
HELLO = {"smtp": ("EHLO me", "250 ")}
NOOP = {"imap": ("b NOOP", "b OK"), "pop3": ("NOOP", "+OK"), "smtp": ("NOOP", "250")}


def greeted(running, kind):
    line = clients.Line(running.port[kind])
    line.read()
    if kind in HELLO:
        line.ask(*HELLO[kind])
    return line


@pytest.mark.parametrize("kind", KINDS)
def test_who_sends_commands_behind_the_one_that_begins_tls_is_turned_away(running, kind):
    """CVE-2011-0411: a command that somebody injected in clear must not be answered inside TLS, nor reach a server."""
    injected = {"imap": "x LOGIN mallory secret", "pop3": "USER mallory", "smtp": "MAIL FROM:<mallory@example.test>"}[kind]
    refusal = {"imap": "* BAD", "pop3": "-ERR", "smtp": "5"}[kind]
    requests = sum(running.farm.counts(kind, "requests").values())
    for _ in range(5):
        with greeted(running, kind) as line:
            line.send(f"{START[kind][0]}\r\n{injected}\r\n{injected}")
            assert line.read().startswith(refusal)
            with pytest.raises(OSError):
                line.read()
    hello = 5 if kind in HELLO else 0
    assert sum(running.farm.counts(kind, "requests").values()) - requests <= hello + checks(kind), "no server heard it"


def checks(kind):
    """Commands of the checks that run beside a test, at most."""
    return 20 if kind == "smtp" else 4


@pytest.mark.parametrize("kind", KINDS)
def test_before_tls(running, kind):
    login = {"imap": "b LOGIN user secret", "pop3": "USER user", "smtp": "AUTH PLAIN AHVzZXIAc2VjcmV0"}[kind]
    good = {"imap": "b OK", "pop3": "+OK", "smtp": "235"}[kind]
    with greeted(running, kind) as line:
        line.send(login)
        answer = line.read()
        if running.required:
            assert not answer.startswith(good), answer
        line.send({"imap": "c LOGOUT", "pop3": "QUIT", "smtp": "QUIT"}[kind])
        assert line.read()


def test_ways_to_send_passwords_are_hidden_before_tls(running):
    with clients.Line(running.port["imap"]) as line:
        line.read()
        answer = line.ask("a CAPABILITY", until="* CAPABILITY")
        assert "STARTTLS" in answer
        if running.required:
            assert "LOGINDISABLED" in answer and "AUTH=PLAIN" not in answer, answer
    with clients.Line(running.port["smtp"]) as line:
        line.read()
        line.send("EHLO me")
        lines = []
        while not (lines and lines[-1].startswith("250 ")):
            lines.append(line.read())
        assert any(text[4:] == "STARTTLS" for text in lines), lines
        if running.required:
            assert not any("AUTH" in text for text in lines), lines


@pytest.mark.parametrize("kind", KINDS)
def test_byte_by_byte(running, kind):
    with greeted(running, kind) as line:
        command, agreed = START[kind]
        for byte in (command + "\r\n").encode():
            line.socket.sendall(bytes([byte]))
        assert line.read().startswith(agreed)
        line.start_tls(tls.client(running.pki))
        if kind in HELLO:
            line.ask(*HELLO[kind])
        assert line.ask(NOOP[kind][0]).startswith(NOOP[kind][1])


@pytest.mark.parametrize("kind", KINDS)
def test_no_second_tls(running, kind):
    with greeted(running, kind) as line:
        line.ask(START[kind][0])
        line.start_tls(tls.client(running.pki))
        if kind in HELLO:
            line.ask(*HELLO[kind])
        answer = line.ask(START[kind][0])
        assert not answer.startswith(START[kind][1]), answer
        assert line.ask(NOOP[kind][0]).startswith(NOOP[kind][1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_asks_and_goes(running, kind):
    for _ in range(20):
        with greeted(running, kind) as line:
            line.ask(START[kind][0])
    with greeted(running, kind) as line:
        line.ask(START[kind][0])
        line.send("this is no client hello")
        with pytest.raises((OSError, UnicodeDecodeError)):
            while True:
                line.read()
    assert running.worker_pids()["tls"]


def test_starttls_towards_smtp_servers(make_farm, pki, make_aloha):
    """SMTP servers that offer it get TLS as well; one that does not gets no mail."""
    port = {kind: ports.free_port() for kind in KINDS}
    farm = make_farm(arguments=("--certificate", pki.leaf("server", "p256").pem))
    more = f'server_tls {{ mode: STARTTLS verify: CA ca: "corp" server_name: "{HOST}" }}'
    tls.start(make_aloha, areas(farm, port, "REQUIRED", more), [pki.leaf("mail", "rsa2048")], [("corp", pki.ca)])
    with smtplib.SMTP("127.0.0.1", port["smtp"], timeout=10) as c:
        c.starttls(context=context_for_loopback(pki))
        c.login("user", "secret")
        assert c.sendmail("a@example.test", ["b@example.test"], b"Subject: x\r\n\r\n" + b"y\r\n" * 100_000) == {}


def test_smtp_servers_without_starttls_where_it_is_wanted(make_farm, pki, make_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    farm = make_farm(arguments=("--no-starttls",))
    tls.start(make_aloha, areas(farm, port, "OFFERED", "server_tls { mode: STARTTLS verify: NONE }"),
              [pki.leaf("mail", "rsa2048")])
    with pytest.raises((smtplib.SMTPException, OSError)):
        with smtplib.SMTP("127.0.0.1", port["smtp"], timeout=10) as c:
            c.sendmail("a@example.test", ["b@example.test"], b"Subject: x\r\n\r\nx\r\n")


def test_off_passes_the_servers_own(farm, pki, make_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    tls.start(make_aloha, areas(farm, port, "OFF"), [pki.leaf("mail", "rsa2048")])
    with imaplib.IMAP4("127.0.0.1", port["imap"], timeout=10) as c:
        c.starttls(clients.unverified())
        der = c.socket().getpeercert(binary_form=True)
        assert HOST.encode() not in der and b"CAS" in der
        with pytest.raises((ssl.SSLError, imaplib.IMAP4.error)):
            c.starttls(context_for_loopback(pki))
