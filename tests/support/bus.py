"""A system bus of the test's own, with services that stand for systemd's and keep every call."""
import json
import pathlib
import subprocess
import sys

import process
from wait import until

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="false"/>
<allow receive_sender="*"/></policy></busconfig>
"""


class Bus:
    """`folder`: where its files are. `address` is what DBUS_SYSTEM_BUS_ADDRESS has to be."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "bus"
        self.address = f"unix:path={self.socket}"
        config = self.folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=self.socket))
        self.daemon = process.spawn(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        until(self.socket.exists, 10, "bus")
        self.socket.chmod(0o666)
        self.services = {}

    def add(self, *names, refuse=False):
        """Services by the last part of their names ("login1"), each a process; they answer when this returns.
        refuse: as polkit does where no rule lets the caller."""
        for name in names:
            calls = self.folder / f"{name}.calls"
            calls.touch()
            command = [sys.executable, pathlib.Path(__file__).with_name("fake_systemd.py"), self.address, name, calls]
            started = process.spawn([*command, *(["refuse"] if refuse else [])], stdout=subprocess.PIPE)
            assert started.stdout.readline() == b"ready\n", name
            self.services[name] = started

    def add_rauc(self, slots=None, **state):
        """RAUC with two slots, the first of which runs; see fake_rauc.py."""
        kept = self.folder / "rauc.json"
        if not kept.exists():
            common = {"class": "rootfs", "type": "ext4", "boot-status": "good"}
            slots = slots or {"rootfs.0": {**common, "bootname": "A", "state": "booted"},
                              "rootfs.1": {**common, "bootname": "B", "state": "inactive"}}
            kept.write_text(json.dumps({"primary": "rootfs.0", "slots": slots, **state}))
            (self.folder / "rauc.json.calls").touch()
        command = [sys.executable, pathlib.Path(__file__).with_name("fake_rauc.py"), self.address, kept]
        started = process.spawn(command, stdout=subprocess.PIPE)
        assert started.stdout.readline() == b"ready\n"
        self.services["rauc.json"] = started

    def set_rauc(self, **state):
        """Changes what is kept there: "primary", "step_s", or one slot as rootfs_1={…}."""
        kept = self.folder / "rauc.json"
        now = json.loads(kept.read_text())
        for name, value in state.items():
            if name.startswith("rootfs_"):
                now["slots"][name.replace("_", ".")].update(value)
            else:
                now[name] = value
        kept.write_text(json.dumps(now))

    def remove(self, name):
        process.stop(self.services.pop(name))

    def calls(self, name):
        """What was called so far: lists of method and arguments."""
        return [json.loads(line) for line in (self.folder / f"{name}.calls").read_text().splitlines()]

    def stop(self):
        for started in [*self.services.values(), self.daemon]:
            process.stop(started)
