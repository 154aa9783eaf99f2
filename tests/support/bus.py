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

    def remove(self, name):
        process.stop(self.services.pop(name))

    def calls(self, name):
        """What was called so far: lists of method and arguments."""
        return [json.loads(line) for line in (self.folder / f"{name}.calls").read_text().splitlines()]

    def stop(self):
        for started in [*self.services.values(), self.daemon]:
            process.stop(started)
