"""The virtual appliance in a machine emulated in software, with 512 MB of memory and one processor.

The image is build/appliance/aloha.qcow2 (deploy/appliance/build-image), or what ALOHA_IMAGE names."""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import types

import clients
import ports
import process
import pytest
import wui
from console import Console
from paths import SOURCE
from wait import until

IMAGE = pathlib.Path(os.environ.get("ALOHA_IMAGE", SOURCE / "build/appliance/aloha.qcow2"))
HOST = "10.0.2.2"  # this machine's loopback, as the guest sees it
OVMF = pathlib.Path("/usr/share/OVMF")
PATIENCE = 600
PIECE = 256 << 10


class Appliance:
    """Its disk is new, whatever it writes; `web` and `imap` are ports of this machine."""

    def __init__(self, folder, uefi=False):
        if not IMAGE.exists():
            pytest.fail(f"no {IMAGE}: run deploy/appliance/build-image")
        disk = folder / "disk.qcow2"
        make = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", IMAGE.resolve(), "-F", "qcow2", disk]
        subprocess.run(make, check=True)
        self.web, self.imap = ports.free_port(), ports.free_port()
        self.tls = clients.unverified()
        self.control = folder / "control"
        self.begin = time.monotonic()
        forwarded = f"hostfwd=tcp:127.0.0.1:{self.web}-:4444,hostfwd=tcp:127.0.0.1:{self.imap}-:143"
        firmware = []
        if uefi:
            settings = shutil.copy(OVMF / "OVMF_VARS_4M.fd", folder)
            firmware = ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF}/OVMF_CODE_4M.fd",
                        "-drive", f"if=pflash,format=raw,file={settings}"]
        # UEFI draws with characters of its own.
        self.console = Console(errors="replace", command=[
            "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", 1, "-m", 512, "-display", "none", "-serial", "stdio",
            "-monitor", "none", "-drive", f"file={disk},if=virtio", "-nic", f"user,model=virtio-net-pci,{forwarded}",
            "-device", "virtio-balloon,id=balloon", "-qmp", f"unix:{self.control},server=on,wait=off", *firmware])

    def stop(self):
        process.stop(self.console.process)
        print(self.console.shown[-6000:])

    def seconds(self):
        return round(time.monotonic() - self.begin)

    def browser(self):
        return wui.Browser(types.SimpleNamespace(web=self.web, tls=self.tls), timeout=60)

    def set_up(self, imap_port):
        """The first start, up to mail that is balanced to the server at this port."""
        self.console.expect("(D/s)? ", PATIENCE)
        self.console.type("d")
        until(lambda: self.browser().get("/healthz").status == 200, PATIENCE, "the web interface", interval=1)
        browser = self.browser().first_sign_in()
        text = f"""management {{ web {{ enabled: true }} }}
network {{ managed: true interface: "eth0" dhcp: true }}
cas_server {{ name: "CAS1" address: "{HOST}" }}
imap {{ mode: CLEAR server_port: {imap_port} }}"""
        browser.ok("Configuration/ApplyConfig", {"source": {"text": text}, "save": True})
        self.balances()

    def balances(self):
        assert until(lambda: clients.imap(self.imap, timeout=30), PATIENCE, "IMAP is balanced", interval=1) == "CAS1"

    def call(self, method, message=None):
        browser = self.browser()
        browser.sign_in()
        return browser.ok(method, message)

    def firmware(self):
        return self.call("Firmware/GetFirmware")

    def upload(self, file):
        browser = self.browser()
        browser.sign_in()
        total = file.stat().st_size
        with open(file, "rb") as data:
            while piece := data.read(PIECE):
                offset = data.tell() - len(piece)
                browser.ok("Firmware/UploadFirmware", {"source": str(file), "totalBytes": total, "offset": offset,
                                                       "data": base64.b64encode(piece).decode()})

    def install(self, file):
        """Uploads the update and begins to install it: the answer."""
        self.upload(file)
        browser = self.browser()
        browser.sign_in()
        return browser.call("Firmware/InstallFirmware")

    def installed(self):
        """How the installation ended."""
        return until(lambda: self.firmware().get("result"), PATIENCE, "the installation has ended", interval=2)

    def reboot(self):
        self.call("System/RebootSystem")

    def boot_count(self):
        """How often GRUB has begun to load a system."""
        self.console.drain()
        return self.console.shown.count("Booting `Aloha")

    def memory_left(self):
        """Bytes that programs in it could still have."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control))
            lines = control.makefile("rw")

            def ask(command, **arguments):
                lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                lines.flush()
                while "return" not in (answer := json.loads(lines.readline())):
                    assert "error" not in answer, answer
                return answer["return"]

            ask("qmp_capabilities")
            path = "/machine/peripheral/balloon"
            ask("qom-set", path=path, property="guest-stats-polling-interval", value=1)

            def available():
                stats = ask("qom-get", path=path, property="guest-stats")
                return stats["last-update"] and stats["stats"]["stat-available-memory"]

            return until(available, PATIENCE, "the guest tells its memory", interval=1)
