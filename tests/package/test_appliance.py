"""Does the virtual appliance boot in 512 MB on one processor, ask for its address on the serial line, and balance?

By BIOS, and by UEFI up to the question."""
import clients
import pytest
from appliance import HOST, PATIENCE, Appliance
from farm import Farm
from wait import until


@pytest.fixture(scope="module")
def farm():
    farm = Farm(cas=1, hub=0, arguments=("--address", "127.0.0.1"))
    yield farm
    farm.stop()


@pytest.fixture(scope="module")
def appliance(module_folder):
    appliance = Appliance(module_folder)
    yield appliance
    appliance.stop()


def test_uefi_boots_it_too(folder):
    appliance = Appliance(folder, uefi=True)
    try:
        appliance.console.expect("(D/s)? ", PATIENCE)
    finally:
        appliance.stop()


def test_it_asks_for_its_address_and_tells_where_it_is(appliance):
    appliance.console.expect("(D/s)? ", PATIENCE)
    print(f"asked after {appliance.seconds()} s")
    appliance.console.type("d")
    appliance.console.expect("https://10.0.2.15:4444", PATIENCE)


def test_the_web_interface_answers_and_the_first_sign_in_makes_a_password(appliance):
    until(lambda: appliance.browser().get("/healthz").status == 200, PATIENCE, "the web interface", interval=1)
    assert b"<html" in appliance.browser().get("/").body
    appliance.browser().first_sign_in()


def test_imap_is_balanced(appliance, farm):
    browser = appliance.browser()
    browser.sign_in()
    text = f"""management {{ web {{ enabled: true }} }}
network {{ managed: true interface: "eth0" dhcp: true }}
cas_server {{ name: "CAS1" address: "{HOST}" }}
imap {{ mode: CLEAR server_port: {farm.ports['imap']} }}"""
    browser.ok("Configuration/ApplyConfig", {"source": {"text": text}, "save": True})
    assert until(lambda: clients.imap(appliance.imap, timeout=30), 120, "IMAP is balanced", interval=1) == "CAS1"
    print(f"first balanced connection {appliance.seconds()} s after power on, in software emulation")
    left = appliance.memory_left()
    print(f"{left >> 20} MiB of 512 MiB are left")
    assert left > 100 << 20
