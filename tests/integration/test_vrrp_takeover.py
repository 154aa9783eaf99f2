"""What do clients of the balancer notice when the other node takes over? Needs root, for namespaces."""
import contextlib
import time

import pytest
from crowd import Program, clients_network
from probe import Answerer, Prober
from vrrp import Site
from wait import until

PORT, SERVERS = 7000, (8001, 8002, 8003)


def service(machine, extra=""):
    servers = " ".join(f'server {{ name: "s{p}" address: "{machine.v4}" port: {p} }}' for p in SERVERS)
    return f"""virtual_service {{ name: "mail" listener {{ address: "0.0.0.0" port: {PORT} }} {servers} {extra}
      health_check {{ tcp {{}} interval: "500ms" timeout: "1s" rise: 1 fall: 3 }} }}"""


@contextlib.contextmanager
def balanced(folder, extra=""):
    with Site(folder / "site", both=True, more=("client",), ours={"priority": 150}, theirs={"priority": 100}) as made:
        client = made.network["client"]
        servers = Program(client, "serve", client.v4, *SERVERS)
        for node in (made.us, made.them):
            node.settings["services"] = service(client, extra)
            node.rewrite()
            node.start()
        made.wait("us")
        for node in (made.us, made.them):
            node.aloha.wait_serving()
        yield made
        servers.kill()


@pytest.fixture
def site(folder):
    with balanced(folder) as made:
        yield made


def entries(node):
    """{client: server}"""
    return {e["clientAddress"]: e["server"] for e in node.aloha.ctl("persistence", "list").get("entries", [])}


@pytest.fixture
def paired(folder):
    with balanced(folder, "persistence { source_address {} }") as made:
        code = made.us.aloha.ctl("vrrp", "pair")["code"]
        made.them.aloha.ctl("vrrp", "pair", made.us.machine.v4, code)
        for node in (made.us, made.them):
            until(lambda node=node: node.aloha.ctl("vrrp", "show", "--sync").get("state") == "IN_SYNC", 20,
                  f"{node.machine.name} in sync", interval=0.1)
        yield made


def test_new_connections_go_on_after_the_fail_over_time(site):
    client, watch = site.network["client"], site.watch
    answerers = [Answerer(site.network[name]) for name in ("us", "them")]
    prober = Prober(client, site.address)
    steady = Program(client, "steady", site.address, PORT, 100)
    moved = []

    def move(to, action):
        time.sleep(0.3)  # some traffic before, whatever it meets
        begin = time.monotonic()
        action()
        watch.wait_taken(site.address, to)
        moved.append((begin, to, max(t for t, name, address, is_set in watch.holdings
                                     if (name, address, is_set) == (to, site.address, True))))

    move("them", site.us.leave)
    move("us", site.us.come)
    site.check()

    def crash():
        site.us.machine.cut()
        site.us.die()
    move("them", crash)
    time.sleep(1)
    rows, asked = steady.result(), prober.stop()
    for answerer in answerers:
        answerer.stop()
    assert asked.names() == ["us", "them"]
    # Between the last moment of one node and the first of the next one a client may go wrong; at no other time.
    broken = [row for row in rows if row[2] is None]
    windows = [(begin - 0.5, taken + 0.1) for begin, _, taken in moved]
    assert all(any(begin < row[0] < end for begin, end in windows) for row in broken), (broken, windows)
    assert {row[2] for row in rows if row[0] > windows[-1][1]} == {str(p) for p in SERVERS}
    assert len(broken) < len(rows) / 2


CLIENTS = 10_000


def test_clients_stay_with_their_servers(paired):
    """Paired nodes: the new master sends every client to the server that the old one chose for its address."""
    site, client = paired, paired.network["client"]
    network = clients_network(client, [site.us.machine, site.them.machine])

    def ask():
        return Program(client, "ask", site.address, PORT, network, 256, CLIENTS).result(timeout=120)
    before = ask()
    assert {before.count(str(port)) > CLIENTS / 10 for port in SERVERS} == {True}, "in turn, so nobody can work it out"
    until(lambda: entries(site.them) == entries(site.us), 30, "the other node has the entries", interval=0.5)
    assert len(entries(site.us)) >= CLIENTS
    site.us.machine.cut()
    site.us.die()
    site.watch.wait_taken(site.address, "them")
    # Its neighbour entry for the address may still be the old one's; what is announced mends it.
    until(lambda: Program(client, "ask", site.address, PORT, network, 256, 1).result() == before[:1], 10)
    after = ask()
    assert after == before, sum(a != b for a, b in zip(after, before))
