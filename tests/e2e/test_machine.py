"""A machine whose addresses, host name, time zone and restart are Aloha's business; the browser is on another one."""
import browser
import pytest
from bus import Bus
from network import INTERFACE, Network
from wait import until

SPEC = "machine"
PORT = 4444
NETWORK = """
network { managed: true interface: "eth0" address: "10.99.0.1" netmask: "255.255.255.0" }
"""


@pytest.fixture(scope="module")
def lan():
    with Network("node", "admin") as network:
        network.node.ip(f"addr flush dev {INTERFACE} scope global")
        yield network


@pytest.fixture(scope="module")
def bus(module_folder):
    place = module_folder / "bus"
    place.mkdir()
    bus = Bus(place)
    bus.add("hostname1", "timedate1", "login1", "timesync1")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        yield bus
    bus.stop()


@pytest.fixture(scope="module")
def results(lan, bus, make_module_aloha):
    aloha = make_module_aloha(NETWORK + browser.web(PORT, "0.0.0.0"), machine=lan.node).start()
    until(lambda: lan.node.has("10.99.0.1"), 20, "address")
    return browser.run(SPEC, aloha, PORT, address="10.99.0.1", machine=lan.admin, CALLS=str(bus.folder))


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_machine(results, check):
    results.expect(check)
