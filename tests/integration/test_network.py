"""Does the machine have the addresses and routes that the configuration says, and does a change that cuts the administrator
off undo itself?"""
import json
import os
import pathlib
import socket
import subprocess

import process
import pytest
from bus import Bus
from network import INTERFACE, Network
from wait import until

HOME = """network {{ managed: true interface: "eth0" address: "10.99.0.1" netmask: "255.255.255.0" {more} }}
"""
AWAY = """network { managed: true interface: "eth0" address: "10.77.0.1" netmask: "24" gateway: "10.77.0.2" }
"""


@pytest.fixture
def lan():
    """A node without address, and a machine that has one."""
    with Network("node", "admin") as network:
        network.node.ip(f"addr flush dev {INTERFACE} scope global")
        yield network


@pytest.fixture
def start(make_aloha, lan):
    def start(config, **options):
        return make_aloha(config, machine=lan.node, **options).start()

    return start


def addresses(machine, interface=INTERFACE):
    """What an administrator set, without link-local ones."""
    shown = subprocess.run(["ip", "-n", machine.namespace, "-j", "addr", "show", "dev", interface], text=True,
                           check=True, capture_output=True).stdout
    return {f"{a['local']}/{a['prefixlen']}" for a in json.loads(shown)[0]["addr_info"] if a["scope"] == "global"}


def routes(machine, family="-4"):
    """{network: router}."""
    shown = subprocess.run(["ip", "-n", machine.namespace, "-j", family, "route"], text=True, check=True,
                           capture_output=True).stdout
    return {r["dst"]: r["gateway"] for r in json.loads(shown) if "gateway" in r}


def reachable(lan, address):
    command = lan.admin.command(["busybox", "ping6" if ":" in address else "ping", "-c", "1", "-W", "1", address])
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def waits(aloha):
    return aloha.ctl("config", "show").get("confirmWithinS", 0)


def test_a_start_sets_it_and_a_change_waits_for_confirmation(lan, start):
    route = 'static_route { network: "10.9.0.0" netmask: "255.255.0.0" router: "10.99.0.2" }'
    aloha = start(HOME.format(more=f'gateway: "10.99.0.2" {route}'))
    until(lambda: routes(lan.node) == {"default": "10.99.0.2", "10.9.0.0/16": "10.99.0.2"}, what="routes")
    assert addresses(lan.node) == {"10.99.0.1/24"}, "and no other"
    assert waits(aloha) == 0, "a start needs no confirmation"

    # What leaves addresses alone needs none either.
    answer = aloha.apply(aloha.file.read_text() + 'version_note: "x"')
    assert answer.get("confirmWithinS", 0) == waits(aloha) == 0

    (aloha.folder / "away.textproto").write_text(AWAY)
    plan = aloha.raw("config", "plan", aloha.folder / "away.textproto").stdout
    assert "network: address changes from 10.99.0.1/24 to 10.77.0.1/24" in plan, plan
    assert "undone after 60 s" in plan and "alohactl config confirm" in plan, plan
    told = aloha.raw("config", "apply", aloha.folder / "away.textproto")
    assert "undone in 60 s unless confirmed: alohactl config confirm" in told.stderr, told
    assert addresses(lan.node) == {"10.77.0.1/24"} and routes(lan.node) == {"default": "10.77.0.2"}
    assert 50 < waits(aloha) <= 60
    aloha.ctl("config", "confirm")
    assert waits(aloha) == 0
    lan.admin.ip(f"addr add 10.77.0.2/24 dev {INTERFACE}")
    assert reachable(lan, "10.77.0.1")

    # Back is a change as any other, unless it goes back to what was confirmed.
    assert aloha.ctl("config", "rollback")["confirmWithinS"] == 60
    assert aloha.ctl("config", "rollback").get("confirmWithinS", 0) == 0
    assert addresses(lan.node) == {"10.77.0.1/24"} and waits(aloha) == 0

    # Neither a stop of haproxy nor the death of the process that set them takes addresses away.
    aloha.ctl("service", "stop", "haproxy", "--now")
    process.kill(aloha.worker_pids()["system"])
    aloha.kill()
    aloha.start()
    until(lambda: aloha.workers()["system"]["state"] == "RUNNING", what="aloha-system")
    assert addresses(lan.node) == {"10.77.0.1/24"} and routes(lan.node) == {"default": "10.77.0.2"}


def test_who_was_cut_off_gets_back_in(lan, start):
    aloha = start(HOME.format(more=""))
    until(lambda: addresses(lan.node) == {"10.99.0.1/24"}, what="address")
    assert reachable(lan, "10.99.0.1")
    assert aloha.apply(AWAY, "--confirm", 3)["confirmWithinS"] == 3
    assert not reachable(lan, "10.99.0.1")
    until(lambda: reachable(lan, "10.99.0.1"), 20, "undone")
    assert addresses(lan.node) == {"10.99.0.1/24"} and routes(lan.node) == {}
    until(lambda: "nobody confirmed" in aloha.raw("config", "history").stdout, what="history")
    assert waits(aloha) == 0

    # The same when the supervisor is killed meanwhile, together with what sets addresses.
    aloha.apply(AWAY, "--confirm", 2)
    process.kill(aloha.worker_pids()["system"])
    aloha.kill()
    aloha.start()
    until(lambda: addresses(lan.node) == {"10.99.0.1/24"} and waits(aloha) == 0, 20, "undone after a crash")
    assert reachable(lan, "10.99.0.1")


def test_a_restore_waits_for_confirmation_as_well(lan, start, folder):
    aloha = start(HOME.format(more="") + 'version_note: "saved"')
    until(lambda: addresses(lan.node) == {"10.99.0.1/24"}, what="address")
    aloha.ctl("config", "save")
    saved = aloha.raw("config", "show", "--saved").stdout
    aloha.apply(AWAY)
    aloha.ctl("config", "confirm")
    aloha.ctl("backup", "create", folder / "away.backup")
    aloha.ctl("config", "factory-reset", "--erase", "--yes")
    aloha.apply(HOME.format(more="") + 'version_note: "here"')
    if waits(aloha):
        aloha.ctl("config", "confirm")
    aloha.ctl("config", "save")
    here = aloha.raw("config", "show").stdout

    aloha.ctl("backup", "restore", folder / "away.backup", "--yes")
    assert addresses(lan.node) == {"10.77.0.1/24"} and waits(aloha) > 0
    assert aloha.ctl("config", "rollback").get("confirmWithinS", 0) == 0
    assert addresses(lan.node) == {"10.99.0.1/24"}
    assert aloha.raw("config", "show").stdout == aloha.raw("config", "show", "--saved").stdout == here

    aloha.ctl("backup", "restore", folder / "away.backup", "--yes")
    assert aloha.raw("config", "show", "--saved").stdout == here, "nobody confirmed yet"
    aloha.ctl("config", "confirm")
    assert aloha.raw("config", "show", "--saved").stdout == saved
    assert addresses(lan.node) == {"10.77.0.1/24"}


class WithUsers:
    """The node, with users that this machine has not."""

    def __init__(self, node, folder):
        self.node, self.folder = node, folder
        for name, more in (("passwd", "aloha-dhcp:x:64901:64901::/:/bin/false\n"),
                           ("group", "aloha-dhcp:x:64901:\naloha-admin:x:64902:aloha-dhcp,nobody\n")):
            (folder / name).write_text(pathlib.Path("/etc", name).read_text() + more)

    def command(self, words):
        mounts = "".join(f"mount --bind {self.folder}/{name} /etc/{name} && " for name in ("passwd", "group"))
        return self.node.command(["unshare", "-m", "sh", "-c", mounts + 'exec "$@"', "sh", *words])


def test_a_dhcp_client_may_report_leases_and_nothing_else(lan, folder, make_aloha):
    machine = WithUsers(lan.node, folder)
    aloha = make_aloha('network { managed: true dhcp: true }', machine=machine, arguments=("--user", "nobody")).start()

    def as_client(*words, **variables):
        command = machine.command(["runuser", "-u", "aloha-dhcp", "--", aloha.bin / "alohactl", *words])
        return subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=20, check=False,
                              env={**os.environ, "ALOHA_ENDPOINT": f"unix:{aloha.socket}", **variables})

    variables = {"interface": INTERFACE, "ip": "10.55.0.9", "mask": "24", "serverid": "10.55.0.1", "lease": "3600"}
    reported = as_client("network", "lease", "bound", **variables)
    assert reported.returncode == 0, reported
    assert addresses(lan.node) == {"10.55.0.9/24"}
    assert as_client("network", "show").returncode == 0
    for words in (("config", "factory-reset", "--yes"), ("service", "stop", "haproxy"), ("system", "reboot", "--yes")):
        refused = as_client(*words)
        assert refused.returncode == 1 and "may only read" in refused.stderr, refused


def test_ipv6_and_a_host_that_manages_itself(lan, start):
    lan.node.ip(f"addr add 10.66.0.1/24 dev {INTERFACE}")
    aloha = start('network { managed: false interface: "eth0" address: "10.77.0.1" netmask: "24" hostname: "other" }')
    assert addresses(lan.node) == {"10.66.0.1/24"}
    aloha.apply("""network { managed: true address: "fd77::1" netmask: "64" gateway: "fd77::2"
      static_route { network: "fd78::" netmask: "48" router: "fd77::3" } }""", "--confirm", 60)
    assert addresses(lan.node) == {"fd77::1/64", "10.66.0.1/24"}, "what somebody else set stays"
    assert routes(lan.node, "-6") == {"default": "fd77::2", "fd78::/48": "fd77::3"}
    lan.admin.ip(f"addr add fd77::2/64 dev {INTERFACE} nodad")
    until(lambda: reachable(lan, "fd77::1"), 10, "the neighbour answers")


def test_a_host_gets_back_what_it_had(lan, start):
    """The first version that manages the network of a host that did so itself is undone."""
    lan.node.ip(f"addr add 10.99.0.1/24 dev {INTERFACE}\nroute add default via 10.99.0.2")
    aloha = start("")
    aloha.apply(AWAY, "--confirm", 1)
    assert routes(lan.node) == {"default": "10.77.0.2"}
    until(lambda: waits(aloha) == 0, 20, "undone")
    assert routes(lan.node) == {"default": "10.99.0.2"}
    assert "10.99.0.1/24" in addresses(lan.node)


def test_host_name_and_servers_are_asked_of_systemd(lan, folder, start, monkeypatch):
    place = folder / "bus"
    place.mkdir()
    bus = Bus(place)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    try:
        bus.add("hostname1", "resolve1")
        more = 'hostname: "aloha1" dns_server: "10.99.0.2" dns_server: "fd99::2" ntp_server: "ntp.example.org"'
        aloha = start(HOME.format(more=more))
        index = lan.node.inside(lambda: socket.if_nametoindex(INTERFACE))
        dns = ["SetLinkDNS", index, [[2, [10, 99, 0, 2]], [10, [0xfd, 0x99, *[0] * 13, 2]]]]
        until(lambda: bus.calls("resolve1") == [dns], what="DNS servers")
        assert bus.calls("hostname1") == [["SetStaticHostname", "aloha1", False]]
        until(lambda: "org.freedesktop.timesync1 is not on this machine" in aloha.raw("event", "list").stdout,
              what="event about time servers")
        # A service that comes is told at once; so is one that restarted and forgot.
        bus.add("timesync1")
        until(lambda: bus.calls("timesync1") == [["SetRuntimeNTPServers", ["ntp.example.org"]]], 10, "time servers")
        bus.remove("resolve1")
        bus.add("resolve1")
        until(lambda: bus.calls("resolve1") == [dns, dns], 10, "DNS servers again")
        aloha.apply(HOME.format(more='hostname: "aloha2"'))
        until(lambda: len(bus.calls("hostname1")) == 2 and len(bus.calls("timesync1")) == 2, what="changes")
        assert bus.calls("hostname1")[1] == ["SetStaticHostname", "aloha2", False]
        assert bus.calls("timesync1")[1] == ["SetRuntimeNTPServers", []]
        until(lambda: bus.calls("resolve1")[-1] == ["SetLinkDNS", index, []], what="DNS servers taken back")
    finally:
        bus.stop()


def test_a_lease_is_set_at_once_and_ends_by_itself(lan, start):
    aloha = start('network { managed: true interface: "eth0" dhcp: true '
                  'static_route { network: "10.9.0.0" netmask: "16" router: "10.55.0.1" } }')
    assert addresses(lan.node) == set()
    words = {"interface": INTERFACE, "ip": "10.55.0.9", "mask": "24", "router": "10.55.0.1", "serverid": "10.55.0.1"}

    def report(reason, **more):
        return aloha.raw("network", "lease", reason, env={**words, **more})

    assert report("bound", lease="3600").returncode == 0
    assert addresses(lan.node) == {"10.55.0.9/24"} and waits(aloha) == 0
    assert routes(lan.node) == {"default": "10.55.0.1", "10.9.0.0/16": "10.55.0.1"}
    assert "does not ask for DHCP" in report("bound", lease="60", interface="eth1").stderr
    assert report("bound", lease="60", ip="127.0.0.1").returncode == 1
    # It outlives the supervisor, and a client that asks in vain.
    aloha.kill()
    aloha.start()
    assert report("leasefail").returncode == 0
    assert aloha.ctl("network", "show")["lease"]["address"] == "10.55.0.9/24"
    # Taken back, or not renewed in time: it goes.
    assert report("nak").returncode == 0
    assert addresses(lan.node) == {"192.168.0.200/24"} and aloha.ctl("network", "show")["lastResort"]
    assert report("bound", lease="2").returncode == 0
    assert addresses(lan.node) == {"10.55.0.9/24"}
    until(lambda: addresses(lan.node) == {"192.168.0.200/24"}, 10, "ended")
