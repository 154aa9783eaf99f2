"""What do clients and servers see of TLS that ends at the balancer?"""
import hashlib
import json
import ssl

import clients
import config
import ports
import pytest
import tls
import web
from pki import HOST


CIPHER = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"


@pytest.fixture(scope="module")
def offload(module_farm, pki, make_module_aloha):
    """All Exchange areas offloaded, with an RSA and an ECDSA certificate."""
    port = {name: ports.free_port() for name in ("https", "imap", "imaps", "pop3", "pop3s", "smtp", "submission", "smtps")}
    p = module_farm.ports
    both = 'certificate: "ecdsa" certificate: "mail"'
    text = config.exchange_servers(module_farm) + f"""
http {{ mode: SSL_OFFLOAD host_name: "{HOST}" virtual_https_port: {port["https"]} redirect_http_port: 0
       cas_http_port: {p["http"]} {both} hsts: true }}
imap {{ mode: CLEAR_AND_SSL_OFFLOAD virtual_port: {port["imap"]} virtual_ssl_port: {port["imaps"]}
       server_port: {p["imap"]} {both} }}
pop3 {{ mode: CLEAR_AND_SSL_OFFLOAD virtual_port: {port["pop3"]} virtual_ssl_port: {port["pop3s"]}
       server_port: {p["pop3"]} {both} }}
smtp {{ mode: CLEAR_AND_SSL_OFFLOAD virtual_port: {port["smtp"]} virtual_ssl_port: {port["submission"]}
       implicit_tls_port: {port["smtps"]} ssl_port_mode: STARTTLS server_port: {p["smtp"]} {both} }}
log {{ access: true }}
"""
    identities = [pki.leaf("mail", "rsa2048"), pki.leaf("ecdsa", "p256")]
    aloha = tls.start(make_module_aloha, text, identities)
    aloha.port, aloha.pki = port, pki
    return aloha


@pytest.mark.parametrize("dialogue, port", [(clients.imap, "imaps"), (clients.pop3, "pop3s"), (clients.smtp, "smtps")],
                         ids=["imap", "pop3", "smtp"])
def test_mail_reaches_all_servers(offload, dialogue, port):
    context = tls.client(offload.pki)
    assert len({dialogue(offload.port[port], tls=context) for _ in range(6)}) == 2


def test_requests_reach_servers_in_clear_and_say_so(offload):
    response = web.get(offload.port["https"], "/owa/echo", tls=tls.client(offload.pki))
    fields = [line.partition(":") for line in response.text.split("\r\n")[1:]]
    sent = {name.lower(): value.strip() for name, _, value in fields}
    assert sent["x-forwarded-proto"] == "https" and sent["x-forwarded-for"] == "127.0.0.1", sent
    assert response["Strict-Transport-Security"]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_versions_and_kinds_of_keys(offload, version, kind):
    if version == "TLSv1.2":
        context = tls.client(offload.pki, version, f"ECDHE+AESGCM+a{kind}")
    else:
        context = tls.client(offload.pki, version)
    with web.Connection(offload.port["https"], tls=context) as c:
        assert c.socket.version() == version
        if version == "TLSv1.2":
            assert kind in c.socket.cipher()[0]
        for number in range(3):
            assert c.get("/owa/echo").status == 200, number


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_large_bodies_both_ways(offload, version):
    size = 20 << 20
    with web.Connection(offload.port["https"], tls=tls.client(offload.pki, version)) as c:
        digest = hashlib.sha256()
        c.ask(target=f"/owa/bytes/{size}")
        c.read(into=digest.update)
        assert digest.digest() == hashlib.sha256(web.pattern(size)).digest()
        answer = json.loads(c.get("/owa/upload", method="POST", body=web.pattern(size)).text)
        assert answer["bytes"] == size and answer["sha256"] == digest.hexdigest()


def test_the_end_of_a_server_is_an_orderly_end_for_the_client(offload):
    with web.Connection(offload.port["https"], tls=tls.client(offload.pki)) as c:
        response = c.get("/owa/bytes/100000?until_close=1")
        assert response.until_close and response.body == web.pattern(100000)
    with clients.Line(offload.port["imaps"], tls=tls.client(offload.pki)) as line:
        line.socket.suppress_ragged_eofs = False
        line.read()
        line.ask("a LOGOUT", until="a OK")
        assert line.socket.recv(1) == b"", "close_notify came"


def test_requests_may_come_with_and_behind_the_end_of_the_handshake(offload):
    with web.Connection(offload.port["https"], tls=tls.client(offload.pki)) as c:
        c.send(b"".join(b"GET /owa/bytes/%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in (1, 20_000, 2)))
        for size in (1, 20_000, 2):
            assert c.read().body == web.pattern(size)


def test_alpn(offload):
    with web.Connection(offload.port["https"], tls=tls.client(offload.pki, alpn=["h2", "http/1.1"])) as c:
        assert c.socket.selected_alpn_protocol() == "http/1.1"
        assert c.get("/owa/echo").status == 200


def test_the_log_and_the_sessions_tell_version_and_cipher(offload):
    context = tls.client(offload.pki, "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")
    with web.Connection(offload.port["https"], tls=context) as c:
        c.get("/owa/echo?here")
        sessions = offload.ctl("session", "list").get("sessions", [])
        assert ("TLSv1.2", CIPHER) in {(x.get("tlsVersion"), x.get("tlsCipher")) for x in sessions}, sessions
    lines = [line for line in offload.log.read_text().splitlines() if "/owa/echo?here" in line]
    assert f"tls:TLSv1.2/{CIPHER}" in lines[-1] and "https~" in lines[-1], lines


def test_old_versions_are_refused(offload):
    for version in ("TLSv1", "TLSv1.1"):
        with pytest.raises(ssl.SSLError):
            web.get(offload.port["https"], tls=tls.client(offload.pki, version))
    for ciphers in ("AES128-GCM-SHA256", "ECDHE+AES+SHA1", "ECDHE+AES+SHA256:!AESGCM"):
        with pytest.raises(ssl.SSLError):
            web.get(offload.port["https"], tls=tls.client(offload.pki, "TLSv1.2", ciphers))


@pytest.mark.parametrize("profile, taken, refused", [
    ("MODERN", ["TLSv1.3"], ["TLSv1.2"]), ("INTERMEDIATE", ["TLSv1.2", "TLSv1.3"], ["TLSv1.1"]),
    ("LEGACY", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"], [])])
def test_profiles(farm, pki, make_aloha, profile, taken, refused):
    port = ports.free_port()
    identities = [pki.leaf("mail", "rsa2048")]
    tls.start(make_aloha, tls.https_of_farm(farm, port, "mail", profile=profile), identities)
    for version in taken:
        with web.Connection(port, tls=tls.client(pki, version)) as c:
            assert c.socket.version() == version
            assert c.get("/owa/bytes/100000").body == web.pattern(100000)
            assert c.get("/owa/bytes/3").body == web.pattern(3)
    for version in refused:
        with pytest.raises(ssl.SSLError):
            web.get(port, tls=tls.client(pki, version))


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1", "TLSv1.2"])
@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA"])
def test_suites_with_cbc_in_the_legacy_profile(farm, pki, make_aloha, version, cipher):
    port = ports.free_port()
    tls.start(make_aloha, tls.https_of_farm(farm, port, "mail", profile="LEGACY"), [pki.leaf("mail", "rsa2048")])
    context = tls.client(pki, version, f"{cipher}:@SECLEVEL=0")
    with web.Connection(port, tls=context) as c:
        assert c.socket.cipher()[0] == cipher
        assert c.get("/owa/bytes/300000").body == web.pattern(300000)
        assert json.loads(c.get("/owa/upload", method="POST", body=web.pattern(300000)).text)["bytes"] == 300000


def test_networks_and_proxy_headers_before_tls(farm, pki, make_aloha):
    allowed, behind = ports.free_port(), ports.free_port()
    text = tls.https_of_farm(farm, allowed, extra='allow_from: "127.0.8.0/24"') + \
        config.http_of_farm(farm, "behind", behind, listener="accept_proxy: true " + tls.listener("mail"))
    tls.start(make_aloha, text, [pki.leaf("mail", "rsa2048")])
    context = tls.client(pki)
    assert web.get(allowed, "/owa/echo", source="127.0.8.7", tls=context).status == 200
    with pytest.raises(OSError):
        web.get(allowed, "/owa/echo", source="127.0.9.7", tls=context)
    with web.Connection(behind) as c:
        c.send(b"PROXY TCP4 192.0.2.33 127.0.0.1 1111 443\r\n")
        c.socket = context.wrap_socket(c.socket, server_hostname=HOST)
        assert "192.0.2.33" in c.get("/owa/echo").text
