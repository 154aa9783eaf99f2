"""Does TLS begin in the middle of SMTP, IMAP and POP3 as clients expect, and does nothing slip past it?"""
import imaplib
import poplib
import smtplib
import ssl

import clients
import config
import pki
import ports
import pytest
from wait import until

KINDS = ("imap", "pop3", "smtp")
MAIL = b"From: a@b\r\nTo: c@d\r\nSubject: STARTTLS\r\n\r\n" + b"".join(b"%09d STARTTLS\r\n" % i for i in range(50_000))


def mail_areas(farm, front, starttls):
    """The mail areas on their clear ports."""
    text = config.exchange_servers(farm)
    for kind in KINDS:
        text += (f"{kind} {{ mode: CLEAR virtual_port: {front[kind]} server_port: {farm.ports[kind]} "
                 f'{f"""certificate: "mail" starttls: {starttls}""" if starttls else ""} }}\n')
    return text


@pytest.fixture(scope="module")
def balanced(module_folder, module_farm, start_module_aloha):
    """STARTTLS offered; clients' ports by name, and what clients trust."""
    place = module_folder / "pki"
    place.mkdir()
    authority = pki.Pki(place)
    front = {kind: ports.free_port() for kind in KINDS}
    aloha = start_module_aloha(mail_areas(module_farm, front, ""))
    aloha.ctl("certificate", "import", authority.leaf().pem, "--name", "mail")
    aloha.apply(mail_areas(module_farm, front, "OFFERED"))
    aloha.farm, aloha.front, aloha.trust = module_farm, front, ssl.create_default_context(cafile=authority.ca)
    return aloha


@pytest.fixture
def required(balanced):
    """The same with TLS required."""
    balanced.apply(mail_areas(balanced.farm, balanced.front, "REQUIRED"))
    yield balanced
    balanced.apply(mail_areas(balanced.farm, balanced.front, "OFFERED"))


def service_stats(aloha, name):
    return next(s for s in aloha.ctl("stats", "show")["virtualServices"] if s["name"] == name)


def smtp_client(port):
    client = smtplib.SMTP("127.0.0.1", port, timeout=10)
    client._host = pki.HOST  # whom the certificate names
    return client


def imap_client(port):
    client = imaplib.IMAP4("127.0.0.1", port, timeout=10)
    client.host = pki.HOST
    return client


def pop3_client(port):
    client = poplib.POP3("127.0.0.1", port, timeout=10)
    client.host = pki.HOST
    return client


def test_smtp_begins_tls(balanced):
    with smtp_client(balanced.front["smtp"]) as client:
        client.ehlo()
        assert client.has_extn("starttls") and client.has_extn("size") and not client.has_extn("auth")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login("a", "b")
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
        assert client.starttls(context=balanced.trust)[0] == 220
        client.ehlo()
        assert client.has_extn("auth") and not client.has_extn("starttls")
        client.login("a", "b")
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}


def test_smtp_carries_mail_of_other_servers_without_tls(balanced):
    with smtp_client(balanced.front["smtp"]) as client:
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}
        assert client.starttls(context=balanced.trust)[0] == 220
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}


def test_imap_begins_tls(balanced):
    client = imap_client(balanced.front["imap"])
    assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities) and "AUTH=PLAIN" not in client.capabilities
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        client.login("a", "b")
    assert client.starttls(balanced.trust)[0] == "OK"
    assert "AUTH=PLAIN" in client.capabilities and "STARTTLS" not in client.capabilities
    client.login("a", "b")
    client.select()
    assert len(client.fetch("3", "(RFC822)")[1][0][1]) > 10_000_000
    client.logout()


def test_pop3_begins_tls(required):
    client = pop3_client(required.front["pop3"])
    assert "STLS" in client.capa() and "USER" not in client.capa()
    with pytest.raises(poplib.error_proto):
        client.user("a")
    client.stls(required.trust)
    assert "STLS" not in client.capa() and "USER" in client.capa()
    client.user("a")
    client.pass_("b")
    assert sum(map(len, client.retr(3)[1])) > 9_000_000
    client.quit()


def test_required_lets_nothing_through_before(required):
    with smtp_client(required.front["smtp"]) as client:
        client.ehlo()
        assert client.mail("a@b")[0] == 530
        assert client.noop()[0] == 250
        client.starttls(context=required.trust)
        assert client.sendmail("a@b", ["c@d"], MAIL) == {}


@pytest.mark.parametrize("kind, injected", [("smtp", "STARTTLS\r\nNOOP"), ("imap", "a STARTTLS\r\nb NOOP"),
                                            ("pop3", "STLS\r\nUSER a")])
def test_what_is_sent_behind_starttls_is_dropped_and_counted(balanced, kind, injected):
    with clients.Line(balanced.front[kind]) as line:
        line.read()
        line.send(injected)
        assert line.read().endswith("Commands behind the one that begins TLS")
        with pytest.raises(clients.Cut):
            line.read()
    assert service_stats(balanced, kind)["injectedTotal"] == "1"
    until(lambda: "sent more behind STARTTLS" in balanced.tail(), what="it is logged")


def test_handshakes_that_fail_are_ended(balanced):
    with clients.Line(balanced.front["smtp"]) as line:
        line.read()
        assert line.ask("STARTTLS").startswith("220")
        line.send("EHLO no TLS at all")
        with pytest.raises(OSError):
            while True:
                line.read()
    client = smtp_client(balanced.front["smtp"])
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())  # which does not know the authority
    client.close()
    until(lambda: service_stats(balanced, "smtp")["traffic"].get("sessions", "0") == "0", what="their sessions end")


def test_many_at_once(balanced):
    opened = []
    for _ in range(40):
        opened += [smtp_client(balanced.front["smtp"]), imap_client(balanced.front["imap"])]
    for client in opened:
        client.starttls(**{"context" if isinstance(client, smtplib.SMTP) else "ssl_context": balanced.trust})
    for client in opened:
        client.login("a", "b")
    for client in opened:
        client.quit() if isinstance(client, smtplib.SMTP) else client.logout()


def test_both_sides(balanced):
    """Clients and servers begin TLS by STARTTLS; then clients with TLS from the first byte."""
    port, implicit = ports.free_port(), ports.free_port()
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
