"""Does the virtual appliance boot in 512 MB on one processor, ask for its address on the serial line, and balance?

The image is build/appliance/aloha.qcow2 (deploy/appliance/build-image), or what ALOHA_IMAGE names; emulated in software."""
import os
import pathlib
import subprocess
import time
import types

import clients
import ports
import process
import pytest
import wui
from console import Console
from farm import Farm
from paths import SOURCE
from wait import until

IMAGE = pathlib.Path(os.environ.get("ALOHA_IMAGE", SOURCE / "build/appliance/aloha.qcow2"))
HOST = "10.0.2.2"  # this machine's loopback, as the guest sees it
PATIENCE = 600


@pytest.fixture(scope="module")
def farm():
    farm = Farm(cas=1, hub=0, arguments=("--address", "127.0.0.1"))
    yield farm
    farm.stop()


class Appliance:
    """Its disk is new, whatever it writes; `web` and `imap` are ports of this machine."""

    def __init__(self, folder):
        disk = folder / "disk.qcow2"
        make = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", IMAGE.resolve(), "-F", "qcow2", disk]
        subprocess.run(make, check=True)
        self.web, self.imap = ports.free_port(), ports.free_port()
        self.tls = clients.unverified()
        forwarded = f"hostfwd=tcp:127.0.0.1:{self.web}-:4444,hostfwd=tcp:127.0.0.1:{self.imap}-:143"
        self.begin = time.monotonic()
        self.console = Console([
            "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", 1, "-m", 512, "-display", "none", "-serial", "stdio",
            "-monitor", "none", "-drive", f"file={disk},if=virtio", "-nic", f"user,model=virtio-net-pci,{forwarded}"])

    def seconds(self):
        return round(time.monotonic() - self.begin)

    def browser(self):
        return wui.Browser(types.SimpleNamespace(web=self.web, tls=self.tls), timeout=60)


@pytest.fixture(scope="module")
def appliance(module_folder):
    if not IMAGE.exists():
        pytest.fail(f"no {IMAGE}: run deploy/appliance/build-image")
    appliance = Appliance(module_folder)
    yield appliance
    process.stop(appliance.console.process)
    print(appliance.console.shown[-6000:])


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
