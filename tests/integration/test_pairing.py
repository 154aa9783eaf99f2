"""How are two nodes paired, who is kept out, and what does the link between them survive?"""
import contextlib
import socket
import ssl
import time
import urllib.request

import metric_names
import process
import pytest
from aloha import Refused
from network import Network
from pki import Pki
from wait import until

LINK_PORT, REMOTE_PORT = 4443, 4445
CONFIG = """
management {{ web {{ enabled: false }} metrics {{ enabled: true address: "127.0.0.1" port: 9101 }} }}
http {{ mode: DISABLED }}
rpc {{ enabled: false }}
high_availability {{
  role: BACKUP  cluster_id: {vrid}  interface: "eth0"  version: 3  virtual_address: "10.99.0.{vrid}/24"
  {lines}
}}
"""


class Node:
    """The product on a machine."""

    def __init__(self, make, machine, vrid=100, lines=""):
        self.machine = machine
        self.aloha = make(CONFIG.format(vrid=vrid, lines=lines), machine=machine)
        self.aloha.start()

    def code(self):
        return self.aloha.ctl("vrrp", "pair")["code"]

    def join(self, other, code, v6=False):
        return self.aloha.ctl("vrrp", "pair", other.machine.v6 if v6 else other.machine.v4, code)

    def nodes(self):
        return self.aloha.ctl("vrrp", "pair", "--list")

    def link(self):
        return self.nodes().get("peer", {}).get("link", {})

    def connected(self):
        return self.link().get("connected", False)

    def wait_connected(self, timeout=30.0):
        until(self.connected, timeout, f"{self.machine.name} connected", interval=0.1)

    def wait_reason(self, text, timeout=30.0):
        until(lambda: not self.connected() and text in self.link().get("reason", ""), timeout,
              f"{self.machine.name} says {text!r}, not {self.link()}", interval=0.1)

    def counter(self, kind, reason):
        return int(self.nodes()["counters"].get(kind, {}).get(reason, 0))

    def refused(self, reason):
        return self.counter("refusedTotal", reason)

    def events(self):
        return [e["text"] for e in self.aloha.ctl("event", "list").get("events", []) if e.get("subject") == "node"]


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    assert refused.value.code == 1
    return refused.value.stderr


def pair(giver, joiner, v6=False):
    joiner.join(giver, giver.code(), v6)
    giver.wait_connected()
    joiner.wait_connected()


@pytest.fixture(scope="module")
def site(make_module_aloha):
    """one, two and three at a switch, three with a cluster of its own; and a machine without the product."""
    with Network("one", "two", "three", "stranger") as network:
        network.nodes = {name: Node(make_module_aloha, network[name], vrid)
                         for name, vrid in (("one", 100), ("two", 100), ("three", 103))}
        yield network


@pytest.fixture
def one(site):
    return site.nodes["one"]


@pytest.fixture
def two(site):
    return site.nodes["two"]


@pytest.fixture
def paired(one, two):
    if not (one.connected() and two.connected()):
        pair(one, two)
    return one, two


def test_a_code_pairs_two_nodes_once(one, two):
    before = one.counter("pairingRefusedTotal", "wrong_code")
    assert "no pairing code waits" in refusal(lambda: two.join(one, two.code())), "told by the joiner's side"
    wrong = two.code()
    right = one.code()
    assert "mistyped" in refusal(lambda: two.join(one, right[:-1] + ("0" if right[-1] != "0" else "1")))
    assert "another code" in refusal(lambda: two.join(one, wrong))
    assert one.counter("pairingRefusedTotal", "wrong_code") == before + 1
    assert one.nodes()["codeExpiresS"] and "peer" not in one.nodes()

    answer = two.join(one, right.lower().replace("-", " "))
    assert answer["node"]["fingerprint"] == one.nodes()["fingerprint"]
    one.wait_connected()
    two.wait_connected()
    mine, theirs = one.nodes(), two.nodes()
    assert mine["peer"]["fingerprint"] == theirs["fingerprint"]
    assert mine["peer"]["address"] == f"{two.machine.v4}:{LINK_PORT}", "learned from the connection"
    assert theirs["peer"]["address"] == f"{one.machine.v4}:{LINK_PORT}"
    assert not int(mine.get("codeExpiresS", 0))
    assert any(e.startswith("paired") for e in one.events()) and any(e.startswith("connected") for e in two.events())

    assert "used already" in refusal(lambda: two.join(one, right)), "a replay"
    assert one.connected()
    for node in (one, two):
        for file in (*node.aloha.state.rglob("*"), node.aloha.log):
            if file.is_file():
                assert right.encode() not in file.read_bytes(), file


def test_a_node_is_not_its_own_partner(one):
    assert "this very node" in refusal(lambda: one.join(one, one.code()))


def test_another_pairing_replaces_the_first(site, paired):
    one, two = paired
    three = site.nodes["three"]
    pair(one, three)
    two.wait_reason("not paired with yours")
    assert one.refused("stranger") > 0
    assert one.nodes()["peer"]["fingerprint"] == three.nodes()["fingerprint"]
    one.aloha.ctl("vrrp", "pair", "--remove", "--yes")
    three.wait_reason("not paired")
    assert "not paired" in refusal(lambda: one.aloha.ctl("vrrp", "pair", "--remove", "--yes"))
    three.aloha.ctl("vrrp", "pair", "--remove", "--yes")
    pair(two, one, v6=False)


def strange_tls(machine, address, pki=None):
    """A TLS connection to the port; the machine's own socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if pki:
        context.load_cert_chain(pki.leaf("foreign", "p256").pem)
    raw = machine.inside(lambda: socket.create_connection((address, LINK_PORT), 10))
    return context.wrap_socket(raw)


def drained(connection):
    """What still comes until the other side ends."""
    data = b""
    with contextlib.suppress(OSError):
        while part := connection.recv(65536):
            data += part
    return data


def test_nobody_else_comes_in(site, paired, folder):
    one, two = paired
    machine = site.stranger
    before = {r: one.refused(r) for r in ("no_certificate", "not_a_node", "handshake", "too_many")}
    # HTTP/2 preface, settings, and one call of Hello without a body.
    for pki in (None, Pki(folder)):
        with strange_tls(machine, one.machine.v4, pki) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
            assert drained(connection).startswith(bytes.fromhex("00"))
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096, bytes.fromhex("16030100050100000100")):
        with machine.inside(lambda: socket.create_connection((one.machine.v4, LINK_PORT), 10)) as connection:
            connection.sendall(garbage)
            drained(connection)
    until(lambda: one.refused("handshake") >= before["handshake"] + 3, what="garbage is counted")
    assert one.refused("no_certificate") == before["no_certificate"] + 1
    assert one.refused("not_a_node") == before["not_a_node"] + 1

    # Many that say nothing: the paired node comes in all the same, also anew.
    slow = [machine.inside(lambda: socket.create_connection((one.machine.v4, LINK_PORT), 10)) for _ in range(40)]
    until(lambda: one.refused("too_many") >= before["too_many"] + 30, what="too many are turned away")
    process.kill(two.aloha.worker_pids()["gateway"])
    two.wait_connected()
    assert one.connected()
    started = time.monotonic()
    for connection in slow:
        connection.settimeout(15)
        drained(connection)
        connection.close()
    assert time.monotonic() - started < 15


def test_idlers_at_the_administrators_port_keep_no_node_out(site, paired, folder):
    """One process serves both; what comes to one port takes nothing from the other."""
    one, two = paired
    pki, machine = Pki(folder), site.stranger
    one.aloha.ctl("ca", "import", pki.ca, "--name", "corp")
    grpc = f'grpc {{ enabled: true port: {REMOTE_PORT} ca: "corp" user {{ subject: "CN=boss" role: ADMIN }} }}'
    text = CONFIG.format(vrid=100, lines="")
    gateway = one.aloha.worker_pids()["gateway"]
    one.aloha.apply(text.replace("metrics {", grpc + " metrics {"))
    idle = [machine.inside(lambda: socket.create_connection((one.machine.v4, REMOTE_PORT), 10)) for _ in range(1000)]
    process.kill(two.aloha.worker_pids()["gateway"])
    two.wait_connected()
    assert one.connected() and one.aloha.worker_pids()["gateway"] == gateway
    for connection in idle:
        connection.close()
    one.aloha.apply(text)


@pytest.mark.parametrize("name", ["gateway", "keys"])
def test_processes_may_die(paired, name):
    for node in paired:
        old = node.aloha.worker_pids()[name]
        process.kill(old)
        until(lambda: node.aloha.worker_pids().get(name) not in (None, old), what=f"another {name}")
    for node in paired:
        node.wait_connected()
    assert paired[0].nodes()["peer"]["fingerprint"] == paired[1].nodes()["fingerprint"]


def test_supervisors_may_die(paired):
    one, two = paired
    gateway = one.aloha.worker_pids()["gateway"]
    one.aloha.kill()
    two.wait_reason("", 30)
    one.aloha.start()
    assert one.aloha.worker_pids()["gateway"] == gateway, "adopted"
    one.wait_connected()
    two.wait_connected()
    one.aloha.stop()
    two.wait_reason("")
    one.aloha.start()
    one.wait_connected()
    two.wait_connected()


def test_a_paired_node_is_not_erased(paired):
    result = paired[0].aloha.raw("config", "factory-reset", "--erase", "--yes")
    assert result.returncode == 1 and "is paired" in result.stderr and "--remove" in result.stderr, result


def test_a_cut_is_told_and_mends(paired):
    one, two = paired
    one.machine.cut()
    for node in paired:
        node.wait_reason("")
    one.machine.mend()
    for node in paired:
        node.wait_connected()


def test_by_ipv6(site, paired):
    for node in paired:
        node.aloha.apply(CONFIG.format(vrid=100, lines='link_address: "::"'))
    pair(*paired, v6=True)
    assert paired[1].nodes()["peer"]["address"] == f"[{paired[0].machine.v6}]:{LINK_PORT}"
    assert paired[0].nodes()["peer"]["address"] == f"[{paired[1].machine.v6}]:{LINK_PORT}"


def test_metrics_tell_of_the_link(paired):
    def read():
        with urllib.request.urlopen("http://127.0.0.1:9101/metrics", timeout=10) as reply:
            return reply.read().decode()
    for node in paired:
        answer = node.machine.inside(read)
        metric_names.assert_documented(answer)
        connected, = (line for line in answer.splitlines() if line.startswith("aloha_peer_connected{"))
        assert connected.endswith(" 1"), connected
        assert 'aloha_peer_sync_state{state="IN_SYNC"}' in answer


def test_is_confined(paired):
    gateway = paired[0].aloha.workers()["gateway"]
    assert gateway["confined"] and gateway["confinement"], gateway
    assert paired[0].aloha.service("system")["state"] == "OK"


def test_needs_high_availability(site, one):
    one.aloha.apply(CONFIG.format(vrid=100, lines="").replace("BACKUP", "DISABLED"))
    until(lambda: "gateway" not in one.aloha.worker_pids(), what="aloha-gateway ends")
    assert "high availability is disabled" in refusal(one.code)
    one.aloha.apply(CONFIG.format(vrid=100, lines=""))
    until(lambda: "gateway" in one.aloha.worker_pids(), what="aloha-gateway runs")
