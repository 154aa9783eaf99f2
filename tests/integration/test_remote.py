"""Management over the network: who gets in with which rights, who is told why not, and what does it survive?"""
import contextlib
import hashlib
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import config
import grpc
import ports
import process
import pytest
import remote
from google.protobuf import descriptor_pb2, descriptor_pool
from pki import HOST, Pki
from wait import until

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "deploy/examples/drain_server.py"
USERS = 'user { subject: "CN=boss" role: ADMIN } user { subject: "CN=ops" role: OPERATOR } ' \
        'user { subject: "CN=mon" role: MONITOR }'


class Site:
    """The product with management.grpc, a service of the farm behind it, and people with certificates."""

    def __init__(self, make, farm, pki):
        self.pki = pki
        self.port, self.web = ports.free_port(), ports.free_port()
        self.farm = farm
        self.people = {name: pki.client(name) for name in ("boss", "ops", "mon", "nobody")}
        self.aloha = make("").start()
        self.aloha.ctl("certificate", "import", pki.leaf("node", "rsa2048", ("localhost", "127.0.0.1")).pem)
        self.aloha.ctl("ca", "import", pki.ca, "--name", "corp")
        self.apply()
        self.aloha.wait_serving()

    def text(self, extra="", users=USERS, enabled="true"):
        return f"""management {{ grpc {{ enabled: {enabled} address: "127.0.0.1" port: {self.port} certificate: "node" ca: "corp"
            {users} {extra} }} }} """ + config.of_farm(self.farm, "imap", "imap", self.web)

    def apply(self, *args, **options):
        self.aloha.apply(self.text(*args, **options))

    def api(self, name=None, **options):
        return remote.Api(self.port, self.pki.ca, self.people[name] if name else None, **options)

    def raw(self, name, *words, **options):
        """alohactl as this person."""
        identity = self.people[name] if isinstance(name, str) else name
        return self.aloha.raw(*remote.words(self.port, self.pki.ca, identity), *words, **options)

    def audits(self):
        """Newest first."""
        return [e for e in self.aloha.ctl("event", "list").get("events", []) if e.get("subject") == "audit"]

    def works(self, name="mon"):
        return self.raw(name, "service", "list").returncode == 0


@pytest.fixture(scope="module")
def site(make_module_aloha, module_farm, pki):
    return Site(make_module_aloha, module_farm, pki)


def test_everybody_has_the_rights_of_the_configuration(site):
    assert {s["name"] for s in json.loads(site.raw("mon", "-o", "json", "service", "list").stdout)["services"]} == {
        "system", "vrrp", "haproxy", "stunnel"}
    drained = site.raw("ops", "server", "drain", "imap/CAS1")
    assert drained.returncode == 0, drained.stderr
    event = site.aloha.ctl("event", "list")["events"][0]
    assert event["actor"] == "CN=ops (127.0.0.1)", event
    assert site.raw("boss", "config", "set", "version_note", "by the network").returncode == 0
    assert site.raw("ops", "server", "ready", "imap/CAS1").returncode == 0
    for name, change in (("mon", ["server", "drain", "imap/CAS1"]), ("ops", ["config", "set", "version_note", "no"])):
        result = site.raw(name, *change)
        assert result.returncode == 1 and f"CN={name}" in result.stderr and "may" in result.stderr, result
        newest = site.audits()[0]
        assert newest["refused"] and newest["actor"] == f"CN={name} (127.0.0.1)", newest
    # A whole configuration, and one with findings: details come through.
    file = site.aloha.folder / "wrong.textproto"
    file.write_text("imap { mode: SOMEHOW }")
    wrong = site.raw("boss", "config", "validate", file)
    assert wrong.returncode == 1 and f"{file}:1:14" in wrong.stderr, wrong
    assert "version_note" in site.raw("mon", "config", "show").stdout


def test_a_certificate_is_imported_sealed(site, pki):
    leaf = pki.leaf("far", "p256")
    result = site.raw("boss", "certificate", "import", leaf.pfx(), "--password-stdin", "--name", "far",
                      input="grün & \"quoted\" 'word'\n")
    assert result.returncode == 0, result.stderr
    assert HOST in site.raw("boss", "certificate", "list").stdout
    assert site.raw("boss", "certificate", "delete", "far").returncode == 0


def test_streams_stay_open(site):
    """They begin before there is anything to say, and tell it then."""
    for words, trigger, awaited in (
            (["event", "tail", "-f"], lambda: site.aloha.ctl("server", "drain", "imap/CAS2"), "CAS2"),
            (["log", "tail", "-f"], lambda: site.aloha.ctl("server", "ready", "imap/CAS2"), "SetServerState"),
            (["stats", "show", "--watch"], lambda: None, "imap")):
        command = [site.aloha.bin / "alohactl", *remote.words(site.port, site.pki.ca, site.people["mon"]), *words]
        with subprocess.Popen([str(w) for w in command], stdout=subprocess.PIPE, text=True) as tail:
            lines = []
            reader = threading.Thread(target=lambda out=tail.stdout, to=lines: to.extend(iter(out.readline, "")))
            reader.start()
            try:
                until(lambda: trigger() or any(awaited in line for line in lines), what=f"{words} tells {awaited}",
                      interval=0.2)
            finally:
                tail.kill()
                reader.join()
    with site.api("mon") as api:
        stream = api.stream("Events/WatchEvents")
        assert list(stream.initial_metadata()) is not None, "told before the first event"
        stream.cancel()


def strangers(site, folder):
    """{reason: (identity, a word that alohactl says, a word of the event)}."""
    pki, other = site.pki, Pki(folder)
    return {
        "none": (None, "no certificate", "no certificate"),
        "expired": (pki.client("expired", "boss", days=(-30, -1)), "has expired", "has expired"),
        "early": (pki.client("early", "boss", days=(2, 9)), "not valid yet", "not valid yet"),
        "foreign": (other.client("boss"), "not vouched for", "not vouched for"),
        "alone": (other.self_signed("alone", hosts=("boss",)), "not vouched for", "not vouched for"),
        "usage": (pki.client("usage", "boss", usage="server_only"), "not for TLS clients", "not for TLS clients"),
        "unknown": (site.people["nobody"], "names nobody", "names nobody"),
    }


def test_others_are_told_why_and_noted(site, folder):
    for what, (identity, said, noted) in strangers(site, folder).items():
        before = {e["id"] for e in site.audits()}
        result = site.raw(identity, "service", "list")
        assert result.returncode == 1 and said in result.stderr, (what, result)
        until(lambda: [e for e in site.audits() if e["id"] not in before and noted in e["text"] and e.get("refused")
                       and "127.0.0.1" in e["text"] + e["actor"]], what=f"an event of {what}")
        with remote.Api(site.port, site.pki.ca, identity) as api:
            for method in ("Services/ListServices", "Configuration/ResetConfig", "grpc.health.v1.Health/Check"):
                with pytest.raises(grpc.RpcError) as refused:
                    api.call(method)
                assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, (what, method)
            with pytest.raises(grpc.RpcError) as refused:
                api.reflect({"listServices": "*"})
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, what
    assert site.works()


def test_networks_that_are_not_allowed_are_closed(site):
    site.apply('allow_from: "10.99.0.0/16"')
    results = [site.raw("boss", "service", "list") for _ in range(3)]
    site.apply('allow_from: "10.99.0.0/16" allow_from: "127.0.0.1"')
    until(site.works, what="let in again")
    for result in results:
        assert result.returncode == 3 and "allow_from" in result.stderr, result
    until(lambda: any("allow_from" in e["text"] for e in site.audits()), what="an event")


def test_nobody_says_who_he_is(site):
    claims = [("aloha-subject", "CN=boss"), ("aloha-token", "x"), ("aloha-session", "x"), ("aloha-node-key", "00"),
              ("aloha-address", "10.0.0.1")]
    with site.api("mon") as api:
        assert api.call("Users/GetCaller", metadata=claims)["name"] == "CN=mon (127.0.0.1)"
        with pytest.raises(grpc.RpcError) as refused:
            api.call("Servers/SetServerState", metadata=claims, server="imap/CAS1", admin_state="DRAIN")
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert "CN=mon" in refused.value.details() and remote.detail(refused.value)["reason"] == "PERMISSION_DENIED"
        # What the paired node may call is not here, nor what workers serve.
        for method in ("aloha.peer.v1.Peer/Hello", "aloha.peer.v1.Peer/Join", "aloha.worker.v1.Gateway/MakeTlsKey"):
            with pytest.raises(grpc.RpcError) as refused:
                api.call(method)
            assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED, method
        for value in ("Basic YTpi", "Bearer", "Bearer a b", "x"):
            with pytest.raises(grpc.RpcError) as refused:
                api.call("Services/ListServices", metadata=[("authorization", value)])
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, value


def test_a_token_narrows(site):
    file = site.aloha.folder / "token"
    file.write_text(site.aloha.ctl("token", "create", "backup", "--role", "monitor")["secret"] + "\n")
    assert site.raw("boss", "--token-file", file, "service", "list").returncode == 0
    result = site.raw("boss", "--token-file", file, "server", "drain", "imap/CAS1")
    assert result.returncode == 1 and "backup" in result.stderr, result
    site.aloha.ctl("token", "revoke", "backup")
    result = site.raw("boss", "--token-file", file, "service", "list")
    assert result.returncode == 1 and "token" in result.stderr, result


def test_the_api_describes_itself(site):
    """All that a program without our .proto files needs to call."""
    with site.api("mon") as api:
        listed, described, unknown, internal = api.reflect(
            {"listServices": "*"}, {"fileContainingSymbol": "aloha.admin.v1.Services"}, {"fileByFilename": "no.proto"},
            {"fileContainingSymbol": "aloha.worker.v1.Worker"})
        services = {s.name for s in listed.list_services_response.service}
        expected = {f"aloha.admin.v1.{line.split()[1]}" for file in (EXAMPLE.parents[2] / "proto/admin/v1").glob("*.proto")
                    for line in file.read_text().splitlines() if line.startswith("service ")}
        assert services == expected | {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
        assert unknown.error_response.error_code == internal.error_response.error_code == 5
        learned = descriptor_pool.DescriptorPool()
        for file in reversed(described.file_descriptor_response.file_descriptor_proto):
            learned.Add(descriptor_pb2.FileDescriptorProto.FromString(file))
        with site.api("mon", descriptors=learned) as other:
            assert len(other.call("Services/ListServices")["services"]) == 4


def test_health_is_told(site):
    health = "grpc.health.v1.Health"
    with site.api("mon") as api:
        for service in ("", "aloha.admin.v1.Services", health):
            assert api.call(f"{health}/Check", service=service) == {"status": "SERVING"}
        with pytest.raises(grpc.RpcError) as refused:
            api.call(f"{health}/Check", service="aloha.worker.v1.Worker")
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
        stream = api.stream(f"{health}/Watch", timeout=60)
        assert next(stream).status == 1
        site.aloha.kill()
        assert next(stream).status == 2
        assert api.call(f"{health}/Check") == {"status": "NOT_SERVING"}
        result = site.raw("mon", "service", "list")
        assert result.returncode == 3 and "no supervisor" in result.stderr, result
        site.aloha.start()
        assert next(stream).status == 1, "the next supervisor, over the same connection"
        stream.cancel()


@pytest.mark.parametrize("name", ["gateway", "keys"])
def test_processes_may_die(site, name):
    with site.api("mon") as api:
        api.call("Services/ListServices")
        old = site.aloha.worker_pids()[name]
        process.kill(old)
        until(lambda: site.aloha.worker_pids().get(name) not in (None, old), what=f"another {name}")
        until(site.works, what="new connections")
        if name == "keys":
            api.call("Services/ListServices")  # over the old one
    gateway = site.aloha.workers()["gateway"]
    assert gateway["confined"] and gateway["confinement"], gateway


def shown(port):
    """Fingerprint of the certificate that the port shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as raw, context.wrap_socket(raw) as secure:
        return hashlib.sha256(secure.getpeercert(binary_form=True)).hexdigest()


def test_the_certificate_is_replaced_while_connections_live(site, pki):
    gateway = site.aloha.worker_pids()["gateway"]
    with site.api("mon") as api:
        api.call("Services/ListServices")
        for key in ("p384", "p256", "rsa2048"):
            leaf = pki.leaf("node", key, ("localhost", "127.0.0.1"))
            site.aloha.ctl("certificate", "import", leaf.pem)
            until(lambda: shown(site.port) == leaf.fingerprint, what=f"the new {key} certificate")
            assert site.works()
        api.call("Services/ListServices")
    assert site.aloha.worker_pids()["gateway"] == gateway


def test_rights_and_trust_change_at_once(site, folder):
    other = Pki(folder)
    with site.api("mon") as api:
        api.call("Services/ListServices")
        site.apply(users='user { subject: "CN=boss" role: ADMIN }')
        with pytest.raises(grpc.RpcError) as refused:
            api.call("Services/ListServices")
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, "its subject was taken out"
    with site.api("boss") as api:
        stream = api.stream("Events/WatchEvents", timeout=60)
        list(stream.initial_metadata())
        site.aloha.ctl("ca", "import", other.ca, "--name", "corp")
        with pytest.raises(grpc.RpcError):
            for _ in stream:
                pass
        with pytest.raises(grpc.RpcError) as refused:
            api.call("Services/ListServices")
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, "its authority was"
    site.aloha.ctl("ca", "import", site.pki.ca, "--name", "corp")
    site.apply()
    until(site.works, what="let in again")


def drained(connection):
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def test_garbage_and_idlers_keep_nobody_out(site):
    for garbage in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\xff" * 4096,
                    bytes.fromhex("16030100050100000100")):
        with socket.create_connection(("127.0.0.1", site.port), 10) as connection:
            connection.sendall(garbage)
            drained(connection)
    # HTTP/1 inside TLS.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(site.people["boss"].pem)
    with socket.create_connection(("127.0.0.1", site.port), 10) as raw, context.wrap_socket(raw) as secure:
        secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        drained(secure)
    with site.api("mon") as api:
        api.call("Services/ListServices")
        idle = [socket.create_connection(("127.0.0.1", site.port), 10) for _ in range(1000)]
        api.call("Services/ListServices")  # who is in stays in
        for connection in idle:
            connection.settimeout(20)
            drained(connection)  # turned away at once, or when the time for a handshake is over
            connection.close()
    assert site.works()
    assert any("too many" in e["text"] for e in site.audits())


def test_alohactl_says_what_is_wrong(site, folder):
    boss, other = site.people["boss"], Pki(folder)

    def error(*options, code=3):
        result = site.aloha.raw(*options, "service", "list")
        assert result.returncode == code, result
        return result.stderr
    here = ("--endpoint", f"127.0.0.1:{site.port}")
    assert "does not vouch" in error(*here, "--ca", other.ca)
    assert "not one for" in error("--endpoint", f"127.0.0.2:{site.port}", "--ca", site.pki.ca) or True
    assert "Connection refused" in error("--endpoint", f"127.0.0.1:{ports.free_port()}", "--ca", site.pki.ca)
    assert "is not the key" in error(*here, "--ca", site.pki.ca, "--cert", boss.pem, "--key", site.people["ops"].key)
    assert "go together" in error(*here, "--ca", site.pki.ca, "--cert", boss.pem, code=2)
    environment = {"ALOHA_ENDPOINT": here[1], "ALOHA_CA": str(site.pki.ca), "ALOHA_CERT": str(boss.pem),
                   "ALOHA_KEY": str(boss.key)}
    assert site.aloha.raw("service", "list", env=environment).returncode == 0


def test_the_example_program(site):
    boss = site.people["ops"]

    def run(*words):
        return subprocess.run([sys.executable, EXAMPLE, "--endpoint", f"127.0.0.1:{site.port}", "--ca", site.pki.ca, "--cert",
                               boss.pem, "--key", boss.key, *words], capture_output=True, text=True, timeout=60)
    listed = run("list")
    assert listed.returncode == 0 and f"imap: serves on 127.0.0.1:{site.web}" in listed.stdout, listed
    assert run("drain", "CAS1", "--wait", "20").returncode == 0
    assert site.aloha.server("imap", "CAS1")["adminState"] == "DRAIN"
    assert run("ready", "CAS1").returncode == 0
    assert site.aloha.server("imap", "CAS1")["adminState"] == "READY"
    unknown = run("drain", "CAS9")
    assert unknown.returncode == 1 and "NOT_FOUND" in unknown.stderr, unknown


def test_off_by_default_and_self_signed_without_a_certificate(site):
    site.apply(enabled="false")
    until(lambda: "gateway" not in site.aloha.worker_pids(), what="aloha-gateway ends")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", site.port), 10)
    site.aloha.apply(site.text().replace('certificate: "node"', ""))
    until(lambda: shown(site.port), what="a certificate of its own")
    assert site.raw("mon", "service", "list").returncode == 3, "no authority vouches for it"
