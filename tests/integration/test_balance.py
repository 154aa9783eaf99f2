"""Does every kind of connection reach all of its servers, in the way that was asked for?"""
import collections
import functools

import clients
import config
import ports
import pytest
from wait import until

DIALOGUES = {
    "imap": clients.imap,
    "imaps": functools.partial(clients.imap, tls=True),
    "pop3": clients.pop3,
    "pop3s": functools.partial(clients.pop3, tls=True),
    "smtp": clients.smtp,
    "submission": clients.smtp,
}


@pytest.fixture
def exchange(farm, start_aloha):
    port = config.exchange_ports(ports.free_port)
    return farm, start_aloha(config.exchange(farm, port)), port


def test_every_area_alternates_over_its_two_servers(exchange):
    _, _, port = exchange
    for area, dialogue in DIALOGUES.items():
        names = [dialogue(port[area]) for _ in range(6)]
        assert len(set(names[::2])) == 1 and len(set(names[1::2])) == 1, (area, names)
        assert names[0] != names[1], (area, names)


def test_https_that_passes_through_keeps_a_client_and_spreads_many(exchange):
    _, _, port = exchange
    sources = [f"127.0.1.{n}" for n in range(1, 9)]
    first = [clients.https(port["https"], source=source) for source in sources]
    assert sorted(first) == ["CAS1"] * 4 + ["CAS2"] * 4
    assert first == [clients.https(port["https"], source=source) for source in sources]


def test_status_tells_of_every_server(exchange):
    farm, aloha, _ = exchange
    until(lambda: "UNKNOWN" not in aloha.raw("status").stdout, 10, "every check has decided")
    result = aloha.raw("status")
    assert result.returncode == 0, result.stdout + result.stderr
    for name in farm.addresses:
        assert name in result.stdout
    farm("down CAS1 imap")
    aloha.wait_check("imap", "CAS1", "DOWN")
    assert aloha.raw("status").returncode == 1


@pytest.mark.parametrize("fault", ["fail", "stall", "reset", "down"])
@pytest.mark.parametrize("service", ["imap", "pop3", "smtp", "mapper"])
def test_a_server_that_misbehaves_gets_nothing_new(farm, start_aloha, service, fault):
    kind = "HUB" if service == "smtp" else "CAS"
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, service, "s", port, kind=kind))
    dialogue = {"mapper": clients.rpc_bind}.get(service) or DIALOGUES[service]
    aloha.wait_check("s", f"{kind}1", "UP")
    farm(f"{fault} {kind}1 {service}")
    aloha.wait_check("s", f"{kind}1", "DOWN")
    assert {dialogue(port) for _ in range(4)} == {f"{kind}2"}
    assert aloha.server("s", f"{kind}1")["reason"]
    farm(f"{'up' if fault == 'down' else 'ok'} {kind}1 {service}")
    aloha.wait_check("s", f"{kind}1", "UP")
    assert {dialogue(port) for _ in range(4)} == {f"{kind}1", f"{kind}2"}


def test_a_refused_connection_is_tried_on_another_server_before_any_check(farm, start_aloha):
    port = ports.free_port()
    slow = 'interval: "60s" fast_interval: "60s" timeout: "1s" rise: 1 fall: 3'
    start_aloha(config.of_farm(farm, "imap", "s", port, timing=slow))
    farm("down CAS1 imap")
    assert {clients.imap(port) for _ in range(6)} == {"CAS2"}


def test_weights_share_out_new_sessions(farm, start_aloha):
    port = ports.free_port()
    servers = [config.server("CAS1", *farm.server("CAS1", "imap"), extra="weight: 3"),
               config.server("CAS2", *farm.server("CAS2", "imap"), extra="weight: 1")]
    start_aloha(config.virtual_service("s", port, servers, check="imap {}"))
    assert collections.Counter(clients.imap(port) for _ in range(40)) == {"CAS1": 30, "CAS2": 10}


def test_least_connections_fills_the_emptier_server(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "s", port, extra="balance: LEAST_CONNECTIONS"))
    held = [clients.Line(port) for _ in range(10)]
    names = [clients._name(line.read()) for line in held]
    assert collections.Counter(names) == {"CAS1": 5, "CAS2": 5}
    for line, name in zip(held, names):
        if name == "CAS1":
            line.close()
    until(lambda: len(aloha.ctl("session", "list")["sessions"]) == 5, what="sessions of CAS1 end")
    again = [clients.Line(port) for _ in range(5)]
    assert [clients._name(line.read()) for line in again] == ["CAS1"] * 5
    for line in held + again:
        line.close()


def test_source_hash_keeps_a_client_and_spreads_many(farm, start_aloha):
    port = ports.free_port()
    start_aloha(config.of_farm(farm, "imap", "s", port, extra="balance: SOURCE_HASH"))
    sources = [f"127.0.1.{n}" for n in range(1, 41)]
    first = {source: clients.imap(port, source=source) for source in sources}
    assert first == {source: clients.imap(port, source=source) for source in sources}
    assert min(collections.Counter(first.values()).values()) >= 8, first
    farm("down CAS1 imap")
    after = {source: clients.imap(port, source=source) for source in sources}
    assert set(after.values()) == {"CAS2"}


def test_ipv6_clients_reach_the_same_servers(farm, start_aloha):
    port = ports.free_port()
    start_aloha(config.of_farm(farm, "imap", "s", port, address="::1"))
    assert {clients.imap(port, address="::1") for _ in range(4)} == {"CAS1", "CAS2"}
