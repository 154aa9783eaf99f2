"""Does one client address stay with one server on the endpoint mapper and both Exchange RPC ports?"""
import clients
import config
import ports
import pytest
from wait import until

SOURCES = [f"127.0.2.{n}" for n in range(1, 11)]


class Rpc:
    def __init__(self, farm, aloha):
        self.farm, self.aloha = farm, aloha
        self.mapper, self.access, self.book = (farm.ports[n] for n in ("mapper", "rpc", "addressbook"))

    def lands(self, source):
        """Servers of one client on the three ports."""
        return {clients.rpc_bind(self.mapper, source=source), clients.echo(self.access, source=source),
                clients.echo(self.book, source=source)}

    def map(self):
        """{source: server}; every client has exactly one."""
        found = {source: self.lands(source) for source in SOURCES}
        assert all(len(servers) == 1 for servers in found.values()), found
        return {source: servers.pop() for source, servers in found.items()}


@pytest.fixture
def rpc(farm, start_aloha):
    text = config.exchange_servers(farm) + (
        f'rpc {{ endpoint_mapper_port: {farm.ports["mapper"]} client_access_port: {farm.ports["rpc"]} '
        f'address_book_port: {farm.ports["addressbook"]} }}')
    rpc = Rpc(farm, start_aloha(text))
    rpc.text = text
    return rpc


def test_three_ports_share_one_entry_per_client(rpc):
    first = rpc.map()
    assert set(first.values()) == {"CAS1", "CAS2"}
    entries = rpc.aloha.ctl("persistence", "list")["entries"]
    assert {e["clientAddress"]: e["server"] for e in entries} == first
    assert len({e["table"] for e in entries}) == 1


def test_it_survives_apply_and_reload(rpc):
    first = rpc.map()
    rpc.aloha.apply(rpc.text + config.of_farm(rpc.farm, "imap", "more", ports.free_port()))
    assert rpc.map() == first
    rpc.aloha.ctl("service", "reload", "haproxy")
    assert rpc.map() == first


def test_it_survives_the_proxy_and_the_supervisor(rpc):
    first = rpc.map()
    rpc.aloha.ctl("service", "restart", "haproxy")
    rpc.aloha.wait_serving()
    assert rpc.map() == first
    rpc.aloha.kill()
    rpc.aloha.start()
    assert rpc.map() == first


def test_it_moves_only_when_its_server_is_down(rpc):
    assert set(rpc.map().values()) == {"CAS1", "CAS2"}
    rpc.farm("down CAS1")
    rpc.aloha.wait_check("rpc-%d" % rpc.mapper, "CAS1", "DOWN")
    until(lambda: rpc.aloha.server("rpc-%d" % rpc.access, "CAS1").get("checkState") == "DOWN")
    assert set(rpc.map().values()) == {"CAS2"}
    rpc.farm("up CAS1")
    rpc.aloha.wait_check("rpc-%d" % rpc.access, "CAS1", "UP")
    assert set(rpc.map().values()) == {"CAS2"}, "a client that moved stays where it went"


def test_clearing_forgets_a_client(rpc):
    rpc.map()
    rpc.aloha.ctl("persistence", "clear", "--client", SOURCES[0])
    left = {e["clientAddress"] for e in rpc.aloha.ctl("persistence", "list")["entries"]}
    assert left == set(SOURCES[1:])
