"""First boot at the machine's own terminal: the questions, wrong answers, DHCP with a real server, nobody who answers."""
import pathlib
import subprocess

import process
import pytest
from console import Console
from network import INTERFACE, Network
from wait import until

CONFIG = "management { web { enabled: true } }\n"
PROMPT = "Retrieve IP using DHCP or configure static ... {}sec (D/s)? "
SCRIPT = pathlib.Path(__file__).parents[2] / "deploy/dhcp/dhcp-lease"
SERVER = """start 10.99.0.50
end 10.99.0.60
interface eth0
lease_file {folder}/leases
pidfile {folder}/pid
option subnet 255.255.255.0
option router 10.99.0.2
option dns 10.99.0.2
option lease 16
"""


@pytest.fixture
def lan():
    """A node without address, and a machine that has one."""
    with Network("node", "server") as network:
        network.node.ip(f"addr flush dev {INTERFACE} scope global")
        yield network


@pytest.fixture
def node(lan, make_aloha):
    return make_aloha(CONFIG, machine=lan.node).start()


@pytest.fixture
def run(lan, node):
    """run(machine, *command): a process there, ended with the test."""
    started = []

    def run(machine, *command):
        environment = {"ALOHA_ENDPOINT": f"unix:{node.socket}", "ALOHACTL": str(node.bin / "alohactl"),
                       "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        with open(node.folder / "processes.log", "ab") as log:
            started.append(process.spawn(machine.command(command), env=environment, stdout=log, stderr=log))
        return started[-1]

    yield run
    for one in started:
        process.stop(one)


def console(node, *words):
    return Console([node.bin / "alohactl", "console", *map(str, words)], {"ALOHA_ENDPOINT": f"unix:{node.socket}"})


def lease(node):
    return node.ctl("network", "show").get("lease", {})


def test_a_static_address(lan, node):
    terminal = console(node, "--prompt", 60)
    terminal.expect("Warning: No IP configuration found !")
    terminal.expect(PROMPT.format(60))
    terminal.type("s")  # no Enter
    terminal.answer("Use IP address (192.168.0.200)? ", "10.99.0.256")
    terminal.expect('"10.99.0.256" is not an address')
    terminal.answer("Use IP address (192.168.0.200)? ", " 10.99.0.17 ")
    terminal.answer("Use netmask (255.255.255.0)? ", "255.0.255.0")
    terminal.expect('"255.0.255.0" is not a netmask')
    terminal.answer("Use netmask (255.255.255.0)? ", "")
    terminal.answer("Use default gateway (none)? ", "router")
    terminal.expect('"router" is not an address')
    terminal.answer("Use default gateway (none)? ", "10.98.0.1")
    terminal.answer("Commit and save this configuration (N/y)? ", "y")
    terminal.expect('"10.98.0.1" is not in the network of 10.99.0.17/24')  # and asks once more
    terminal.expect(PROMPT.format(60))
    terminal.type("S")
    for question, text in (("Use IP address (192.168.0.200)? ", "10.99.0.17"), ("Use netmask (255.255.255.0)? ", "24"),
                           ("Use default gateway (none)? ", "10.99.0.2"),
                           ("Commit and save this configuration (N/y)? ", "")):
        terminal.answer(question, text)
    terminal.expect(PROMPT.format(60))
    assert not lan.node.has("10.99.0.17"), "not committed"
    terminal.type("s\n")
    for question, text in (("Use IP address (192.168.0.200)? ", "10.99.0.17"), ("Use netmask (255.255.255.0)? ", ""),
                           ("Use default gateway (none)? ", "10.99.0.2"),
                           ("Commit and save this configuration (N/y)? ", "y")):
        terminal.answer(question, text)
    terminal.expect("Access WEB User Interface :\nhttps://10.99.0.17:4444/\n")
    assert terminal.end() == 0 and terminal.plain()
    assert lan.node.has("10.99.0.17")
    assert 'address: "10.99.0.17"' in node.raw("config", "show", "--saved").stdout
    assert node.ctl("config", "show").get("confirmWithinS", 0) == 0, "who sits there is not cut off"

    # From then on it only tells, unless asked to ask.
    again = console(node)
    again.expect("https://10.99.0.17:4444/")
    assert again.end() == 0 and "Warning" not in again.shown
    anew = console(node, "--anew")
    anew.expect("(D/s)? ")
    process.stop(anew.process)
    refused = node.raw("console", stdin=subprocess.DEVNULL)
    assert refused.returncode == 2 and "terminal" in refused.stderr


def test_after_a_restart_it_waits_for_its_lease(lan, node, run, folder):
    node.apply(f'{CONFIG} network {{ managed: true interface: "{INTERFACE}" dhcp: true }}')
    without = console(node, "--lease", 1)
    without.expect(f"DHCP on {INTERFACE} ...\nThis machine has no address: \"alohactl console --anew\" sets one.\n")
    assert without.end() == 0

    terminal = console(node)
    terminal.expect(f"DHCP on {INTERFACE} ...")
    (folder / "udhcpd.conf").write_text(SERVER.format(folder=folder))
    run(lan.server, "busybox", "udhcpd", "-f", folder / "udhcpd.conf")
    # The server offers no address before it has asked for two seconds whether somebody has it.
    run(lan.node, node.bin / "alohactl", "network", "dhcp", "--script", SCRIPT, "--options", "-t 15 -T 1 -A 1")
    terminal.expect("Access WEB User Interface :\nhttps://10.99.0.5", 25)
    assert terminal.end() == 0


def test_nobody_answers_until_somebody_does(lan, node, run, folder):
    client = run(lan.node, node.bin / "alohactl", "network", "dhcp", "--script", SCRIPT, "--options", "-t 2 -T 1 -A 1")
    terminal = console(node, "--prompt", 1)
    terminal.expect(PROMPT.format(1))
    terminal.expect("Nobody answers DHCP.", 40)
    terminal.expect("Access WEB User Interface :\nhttps://192.168.0.200:4444/\n")
    assert terminal.end() == 0
    assert lan.node.has("192.168.0.200")

    (folder / "udhcpd.conf").write_text(SERVER.format(folder=folder))
    server = run(lan.server, "busybox", "udhcpd", "-f", folder / "udhcpd.conf")
    until(lambda: lease(node), 30, "lease")
    got = lease(node)
    assert got["address"].startswith("10.99.0.5") and got["server"] == "10.99.0.2", got
    assert got["dnsServers"] == ["10.99.0.2"]
    address = got["address"].partition("/")[0]
    assert lan.node.has(address) and not lan.node.has("192.168.0.200")
    shown = console(node)
    shown.expect(f"https://{address}:4444/")
    assert shown.end() == 0

    # Renewed at half of its time, by unicast from the address itself.
    until(lambda: lease(node)["seconds"] <= 10, 20, "the lease grows old")
    until(lambda: lease(node)["seconds"] >= 14, 20, "renewed")

    # The client is replaced when it dies, ends when nobody wants it, and DHCP is over then.
    until(lambda: process.children(client.pid), what="client")
    [old] = process.children(client.pid)
    process.kill(old)
    until(lambda: process.children(client.pid) not in ([], [old]), 20, "another client")
    assert lan.node.has(address)
    node.apply(CONFIG + 'network { managed: true interface: "eth0" address: "10.99.0.17" netmask: "24" }')
    until(lambda: not process.children(client.pid), 20, "no client")
    assert lan.node.has("10.99.0.17") and not lan.node.has(address)
    process.stop(server)
