"""Does TLS begin in the middle of SMTP, IMAP and POP3 as clients expect, and does nothing slip past it?"""
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
# Ten megabytes that speak of STARTTLS.
MAIL = b"From: a@b\r\nTo: c@d\r\nSubject: STARTTLS\r\n\r\n" + b"".join(b"%09d STARTTLS\r\n" % i for i in range(500_000))
# What begins a dialogue, asks for TLS, and does nothing, with what agrees.
HELLO = {"smtp": ("EHLO me", "250 ")}
START = {"imap": ("a STARTTLS", "a OK"), "pop3": ("STLS", "+OK"), "smtp": ("STARTTLS", "220")}
NOOP = {"imap": ("b NOOP", "b OK"), "pop3": ("NOOP", "+OK"), "smtp": ("NOOP", "250")}


def areas(farm, port, starttls, smtp=""):
    """The mail areas on their clear ports; `smtp`: more of that one."""
    return config.exchange_servers(farm) + "".join(
        f'{kind} {{ mode: CLEAR virtual_port: {port[kind]} server_port: {farm.ports[kind]} certificate: "mail" '
        f'starttls: {starttls} {smtp if kind == "smtp" else ""} }}\n' for kind in KINDS)


@pytest.fixture(scope="module")
def balanced(module_farm, pki, make_module_aloha):
    """STARTTLS offered; clients' ports by name, and what clients trust."""
    port = {kind: ports.free_port() for kind in KINDS}
    aloha = tls.start(make_module_aloha, areas(module_farm, port, "OFFERED"), [pki.leaf("mail", "rsa2048")])
    aloha.farm, aloha.port, aloha.trust, aloha.mode = module_farm, port, tls.client(pki), "OFFERED"
    return aloha


@pytest.fixture(params=["OFFERED", "REQUIRED"])
def running(request, balanced):
    """Both modes."""
    if balanced.mode != request.param:
        balanced.apply(areas(balanced.farm, balanced.port, request.param))
        balanced.mode = request.param
    return balanced


def named(client):
    """The library's client, which is to expect the name in the certificate, not the address."""
    client._host = client.host = HOST
    return client


def smtp_client(port):
    return named(smtplib.SMTP("127.0.0.1", port, timeout=10))


def imap_client(port):
    return named(imaplib.IMAP4("127.0.0.1", port, timeout=10))


def pop3_client(port):
    return named(poplib.POP3("127.0.0.1", port, timeout=10))


def greeted(aloha, kind):
    line = clients.Line(aloha.port[kind])
    line.read()
    if kind in HELLO:
        line.ask(*HELLO[kind])
    return line


def stats(aloha, name):
    return next(s for s in aloha.ctl("stats", "show")["virtualServices"] if s["name"] == name)


def test_smtp(running):
    with smtp_client(running.port["smtp"]) as client:
        client.ehlo()
        assert client.has_extn("starttls") and client.has_extn("size") and not client.has_extn("auth")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login("a", "b")
        if running.mode == "REQUIRED":
            assert client.mail("a@b")[0] == 530
        else:
            assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
        assert client.noop()[0] == 250
        assert client.starttls(context=running.trust)[0] == 220
        client.ehlo()
        assert client.has_extn("auth") and not client.has_extn("starttls")
        client.login("a", "b")
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}


def test_imap(running):
    client = imap_client(running.port["imap"])
    assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities) and "AUTH=PLAIN" not in client.capabilities
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        client.login("a", "b")
    assert client.starttls(running.trust)[0] == "OK"
    assert "AUTH=PLAIN" in client.capabilities and "STARTTLS" not in client.capabilities
    client.login("a", "b")
    assert client.list()[0] == "OK"
    client.select("INBOX", readonly=True)
    assert len(client.fetch("3", "(BODY.PEEK[])")[1][0][1]) > 10_000_000
    client.logout()


def test_pop3(running):
    client = pop3_client(running.port["pop3"])
    assert "STLS" in client.capa() and "USER" not in client.capa()
    with pytest.raises(poplib.error_proto):
        client.user("a")
    client.stls(running.trust)
    assert "STLS" not in client.capa() and "USER" in client.capa()
    client.user("a")
    client.pass_("b")
    assert sum(len(line) + 2 for line in client.retr(3)[1]) > 10_000_000
    client.quit()


def test_offered_smtp_carries_mail_of_other_servers_without_tls(balanced):
    balanced.apply(areas(balanced.farm, balanced.port, "OFFERED"))
    balanced.mode = "OFFERED"
    with smtp_client(balanced.port["smtp"]) as client:
        assert client.sendmail("a@b", ["c@d"], MAIL[:1_000_000]) == {}
        assert client.starttls(context=balanced.trust)[0] == 220
        assert client.sendmail("a@b", ["c@d"], MAIL[:1_000_000]) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_behind_starttls_is_dropped_and_counted(running, kind):
    """CVE-2011-0411: a command that somebody injected in clear must not be answered inside TLS, nor reach a server."""
    injected = {"imap": "x LOGIN mallory secret", "pop3": "USER mallory", "smtp": "MAIL FROM:<mallory@example.test>"}[kind]
    counted = int(stats(running, kind).get("injectedTotal", 0))
    requests = sum(running.farm.counts(kind, "requests").values())
    for _ in range(5):
        with greeted(running, kind) as line:
            line.send(f"{START[kind][0]}\r\n{injected}\r\n{injected}")
            assert line.read().endswith("Commands behind the one that begins TLS")
            with pytest.raises(clients.Cut):
                line.read()
    hellos = 5 if kind in HELLO else 0
    checks = 20 if kind == "smtp" else 4  # their commands meanwhile, at most
    assert sum(running.farm.counts(kind, "requests").values()) - requests <= hellos + checks, "no server heard it"
    assert int(stats(running, kind)["injectedTotal"]) - counted == 5
    until(lambda: "sent more behind STARTTLS" in running.tail(), what="it is logged")


@pytest.mark.parametrize("kind", KINDS)
def test_no_password_in_clear(running, kind):
    login = {"imap": "b LOGIN user secret", "pop3": "USER user", "smtp": "AUTH PLAIN AHVzZXIAc2VjcmV0"}[kind]
    refusal = {"imap": "b NO", "pop3": "-ERR", "smtp": "5"}[kind]
    with greeted(running, kind) as line:
        assert line.ask(login).startswith(refusal)
        assert line.ask({"imap": "c LOGOUT", "pop3": "QUIT", "smtp": "QUIT"}[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_byte_by_byte(running, kind):
    with greeted(running, kind) as line:
        command, agreed = START[kind]
        for byte in (command + "\r\n").encode():
            line.socket.sendall(bytes([byte]))
        assert line.read().startswith(agreed)
        line.start_tls(running.trust)
        if kind in HELLO:
            line.ask(*HELLO[kind])
        assert line.ask(NOOP[kind][0]).startswith(NOOP[kind][1])


@pytest.mark.parametrize("kind", KINDS)
def test_no_second_tls(running, kind):
    with greeted(running, kind) as line:
        line.ask(START[kind][0])
        line.start_tls(running.trust)
        if kind in HELLO:
            line.ask(*HELLO[kind])
        answer = line.ask(START[kind][0])
        assert not answer.startswith(START[kind][1]), answer
        assert line.ask(NOOP[kind][0]).startswith(NOOP[kind][1])


@pytest.mark.parametrize("kind", KINDS)
def test_clients_that_ask_and_do_not_begin(running, kind):
    for _ in range(20):
        with greeted(running, kind) as line:
            line.ask(START[kind][0])
    with greeted(running, kind) as line:
        line.ask(START[kind][0])
        line.send("this is no client hello")
        with pytest.raises((OSError, UnicodeDecodeError)):
            while True:
                line.read()
    with greeted(running, kind) as line:
        line.ask(START[kind][0])
        with pytest.raises(ssl.SSLCertVerificationError):
            line.start_tls(ssl.create_default_context())  # which does not know the authority
    assert running.worker_pids()["tls"]
    until(lambda: stats(running, kind)["traffic"].get("sessions", "0") == "0", what="their sessions end")


def test_many_at_once(running):
    opened = []
    for _ in range(40):
        opened += [smtp_client(running.port["smtp"]), imap_client(running.port["imap"])]
    for client in opened:
        client.starttls(**{"context" if isinstance(client, smtplib.SMTP) else "ssl_context": running.trust})
    for client in opened:
        client.login("a", "b")
    for client in opened:
        client.quit() if isinstance(client, smtplib.SMTP) else client.logout()


def test_both_sides(balanced):
    """Clients and servers begin TLS by STARTTLS; then clients with TLS from the first byte."""
    port, implicit = ports.free_port(), ports.free_port()
    balanced.mode = "both sides"
    balanced.apply(config.exchange_servers(balanced.farm) + f"""
smtp {{ mode: SSL_OFFLOAD virtual_ssl_port: {port} ssl_port_mode: STARTTLS implicit_tls_port: {implicit}
       server_port: {balanced.farm.ports["smtp"]} certificate: "mail" server_tls {{ mode: STARTTLS verify: NONE }} }}
""")
    balanced.wait_serving()
    with smtp_client(port) as client:
        client.ehlo()
        assert client.has_extn("starttls") and not client.has_extn("auth")
        client.starttls(context=balanced.trust)
        client.login("a", "b")
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}
    with smtplib.SMTP_SSL("127.0.0.1", implicit, timeout=10, context=clients.unverified()) as client:
        client.login("a", "b")
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}


def test_towards_servers_with_a_certificate_that_is_checked(make_farm, pki, make_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    farm = make_farm(arguments=("--certificate", pki.leaf("server", "p256").pem))
    smtp = f'server_tls {{ mode: STARTTLS verify: CA ca: "corp" server_name: "{HOST}" }}'
    tls.start(make_aloha, areas(farm, port, "REQUIRED", smtp), [pki.leaf("mail", "rsa2048")], [("corp", pki.ca)])
    with smtp_client(port["smtp"]) as client:
        client.starttls(context=tls.client(pki))
        client.login("user", "secret")
        assert client.sendmail("a@b", ["c@d"], MAIL[:500_000]) == {}


def test_servers_without_it_get_no_mail_where_it_is_wanted(make_farm, pki, make_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    farm = make_farm(arguments=("--no-starttls",))
    tls.start(make_aloha, areas(farm, port, "OFFERED", "server_tls { mode: STARTTLS verify: NONE }"),
              [pki.leaf("mail", "rsa2048")])
    with pytest.raises((smtplib.SMTPException, OSError)):
        with smtp_client(port["smtp"]) as client:
            client.sendmail("a@b", ["c@d"], b"Subject: x\r\n\r\nx\r\n")


def test_off_passes_the_servers_own(farm, pki, make_aloha):
    port = {kind: ports.free_port() for kind in KINDS}
    tls.start(make_aloha, areas(farm, port, "OFF"), [pki.leaf("mail", "rsa2048")])
    client = imap_client(port["imap"])
    client.starttls(clients.unverified())
    der = client.socket().getpeercert(binary_form=True)
    assert HOST.encode() not in der and b"CAS" in der
    client.shutdown()
    with pytest.raises(ssl.SSLCertVerificationError):
        imap_client(port["imap"]).starttls(tls.client(pki))
