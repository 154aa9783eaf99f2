"""Towards servers with TLS: who is trusted, what is passed, and what do the servers see?"""
import hashlib
import json

import clients
import config
import ports
import pytest
import tls
import web
from pki import HOST
from wait import until

CHECK = 'http { path: "/owa/healthcheck.htm" } tls {}'


def service(farm, port, server_tls, listener="", name="web"):
    servers = [config.server(s, *farm.server(s, "https"), extra=f"tls {{ {server_tls} }}") for s in farm.servers("CAS")]
    return config.http_service(name, port, servers, check=CHECK, listener=listener)


@pytest.fixture
def farm_of(make_farm):
    """farm_of(identity, …): a farm that shows that certificate."""
    return lambda identity, *flags, **options: make_farm(arguments=("--certificate", identity.pem, *flags), **options)


@pytest.fixture
def start(make_aloha, pki):
    """start(text): with the test's root as trust anchor "corp" and the certificate "mail"."""
    return lambda text: tls.start(make_aloha, text, [pki.leaf("mail", "rsa2048")], [("corp", pki.ca)])


def seen(port, **options):
    """What the server tells of its TLS."""
    return json.loads(web.get(port, "/owa/tls", **options).text)


@pytest.mark.parametrize("flags, version", [((), "TLSv1.3"), (("--no-tls13",), "TLSv1.2")])
def test_a_bridge(farm_of, pki, start, flags, version):
    farm, port = farm_of(pki.leaf("server", "rsa2048"), *flags), ports.free_port()
    start(service(farm, port, f'verify: CA ca: "corp" server_name: "{HOST}"', tls.listener("mail")))
    context = tls.client(pki)
    facts = seen(port, tls=context)
    assert facts["version"] == version and facts["server_name"] == HOST, facts
    servers = {web.get(port, "/owa/", tls=context).server for _ in range(6)}
    assert servers == {"CAS1", "CAS2"}
    size = 10 << 20
    with web.Connection(port, tls=context) as c:
        assert c.get(f"/owa/bytes/{size}").body == web.pattern(size)
        answer = json.loads(c.get("/owa/upload", method="POST", body=web.pattern(size)).text)
        assert answer["sha256"] == hashlib.sha256(web.pattern(size)).hexdigest()


def test_tls_towards_the_server_alone(farm_of, pki, start):
    farm, port = farm_of(pki.leaf("server", "p256")), ports.free_port()
    start(service(farm, port, f'verify: CA ca: "corp" server_name: "{HOST}"'))
    assert seen(port)["version"] == "TLSv1.3"


def test_the_mail_areas_bridge(farm_of, pki, start):
    farm = farm_of(pki.leaf("server", "rsa2048"))
    port = {name: ports.free_port() for name in ("imap", "imaps", "pop3", "pop3s", "smtp", "smtps", "unused")}
    p = farm.ports
    proof = f'server_tls {{ verify: CA ca: "corp" server_name: "{HOST}"'
    start(config.exchange_servers(farm) + f"""
imap {{ mode: SSL_BRIDGE virtual_ssl_port: {port["imaps"]} server_ssl_port: {p["imaps"]} certificate: "mail" {proof} }} }}
pop3 {{ mode: SSL_BRIDGE virtual_ssl_port: {port["pop3s"]} server_ssl_port: {p["pop3s"]} certificate: "mail" {proof} }} }}
smtp {{ mode: SSL_BRIDGE virtual_ssl_port: {port["smtps"]} ssl_port_mode: IMPLICIT implicit_tls_port: 0
       server_ssl_port: {p["smtps"]} certificate: "mail" {proof} mode: IMPLICIT }} }}
""")
    context = tls.client(pki)
    for dialogue, name in ((clients.imap, "imaps"), (clients.pop3, "pop3s"), (clients.smtp, "smtps")):
        assert len({dialogue(port[name], tls=context) for _ in range(6)}) == 2, name


def test_sessions_with_servers_are_resumed(farm_of, pki, start):
    farm, port = farm_of(pki.leaf("server", "rsa2048"), cas=1), ports.free_port()
    start(service(farm, port, f'verify: CA ca: "corp" server_name: "{HOST}"'))
    resumed = []
    for _ in range(20):
        with web.Connection(port) as c:
            c.get("/owa/bytes/10")  # the tickets come with or before the answer
            resumed.append(json.loads(c.get("/owa/tls").text)["resumed"])
    assert sum(resumed) >= 15, resumed


REFUSED = {
    "another name": ({}, 'verify: CA ca: "corp" server_name: "elsewhere.test"'),
    "another authority": ({"own": True}, f'verify: CA ca: "corp" server_name: "{HOST}"'),
    "expired": ({"days": (-30, -2)}, f'verify: CA ca: "corp" server_name: "{HOST}"'),
    "not yet valid": ({"days": (2, 30)}, f'verify: CA ca: "corp" server_name: "{HOST}"'),
    "no intermediate": ({"alone": True}, f'verify: CA ca: "corp" server_name: "{HOST}"'),
    "another key": ({}, f'verify: PIN pin_sha256: "{"ab" * 32}"'),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_server_that_does_not_prove_itself_gets_no_request(farm_of, pki, start, what):
    options, server_tls = REFUSED[what]
    own, alone = options.pop("own", False), options.pop("alone", False)
    leaf = pki.self_signed("server") if own else pki.leaf("server", "p256", **options)
    if alone:
        leaf.issuers.clear()
    farm, port = farm_of(leaf), ports.free_port()
    options = dict(REFUSED[what][0])
    aloha = start(service(farm, port, server_tls))
    checks = farm.counts("https", "requests")
    response = web.get(port, "/owa/tls")
    assert response.status in (502, 503) and response.server is None, response.head
    line = until(lambda: next((l for l in aloha.log.read_text().splitlines() if '"GET /owa/tls' in l), None), 5, "the line")
    assert " SC" in line, line
    assert all(farm.counts("https", "requests")[s] - checks[s] <= 10 for s in checks), "only checks came"


def test_a_pinned_key_needs_no_authority(farm_of, pki, start):
    leaf = pki.self_signed("server")
    farm, port = farm_of(leaf), ports.free_port()
    start(service(farm, port, f'verify: PIN pin_sha256: "{leaf.pin.hex()}"'))
    assert web.get(port, "/owa/").status == 200


def test_no_proof_is_warned_about_and_works(farm_of, pki, start):
    farm, port = farm_of(pki.self_signed("server", days=(-30, -2))), ports.free_port()
    text = service(farm, port, "verify: NONE")
    aloha = start(text)
    assert web.get(port, "/owa/").status == 200
    file = aloha.folder / "warned.textproto"
    file.write_text(text)
    assert "NONE" in aloha.raw("config", "validate", file).stderr


def test_a_server_without_tls_where_tls_is_wanted(farm_of, pki, start):
    """An ordinary failure to connect: the other server is tried, nothing is sent in clear."""
    farm, port = farm_of(pki.leaf("server", "p256")), ports.free_port()
    proof = f'tls {{ verify: CA ca: "corp" server_name: "{HOST}" }}'
    servers = [config.server("CAS1", *farm.server("CAS1", "http"), extra=proof),
               config.server("CAS2", *farm.server("CAS2", "https"), extra=proof)]
    start(config.http_service("web", port, servers, check="", extra='connect_timeout: "500ms"'))
    before = farm.counts("http", "requests")["CAS1"]
    assert {web.get(port, "/owa/").server for _ in range(4)} == {"CAS2"}
    assert farm.counts("http", "requests")["CAS1"] == before


def test_a_server_that_falls_silent_in_the_handshake(farm_of, pki, start):
    farm, port = farm_of(pki.leaf("server", "p256")), ports.free_port()
    text = service(farm, port, f'verify: CA ca: "corp" server_name: "{HOST}"').replace(CHECK, "tcp {}")
    start(text.replace('name: "web"', 'name: "web" connect_timeout: "1s"'))
    farm("stall CAS1 https")
    assert {web.get(port, "/owa/").server for _ in range(4)} == {"CAS2"}
