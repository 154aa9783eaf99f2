"""RAUC on a bus: fake_rauc.py ADDRESS STATE. Has the names and signatures of RAUC 1.8 (de.pengutronix.rauc.Installer).
An update file is JSON: {"compatible", "version", "signed", "fails"}. STATE is a file of JSON that holds the slots, and what
the next installation does: {"primary", "slots", "step_s"}; calls are appended to STATE.calls."""
import json
import sys
import time

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

ADDRESS, STATE = sys.argv[1:3]
INSTALLER = "de.pengutronix.rauc.Installer"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Failure(dbus.DBusException):
    _dbus_error_name = "org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code30"


def read():
    with open(STATE, encoding="utf-8") as file:
        return json.load(file)


def write(state):
    with open(STATE, "w", encoding="utf-8") as file:
        json.dump(state, file)


def bundle_of(path):
    with open(path, encoding="utf-8") as file:
        bundle = json.loads(file.read())
    if not bundle.get("signed", True):
        raise Failure("rauc info error")
    return bundle


class Installer(dbus.service.Object):
    operation, last_error, progress = "idle", "", (0, "", 0)

    def idle(self, method, *arguments):
        with open(STATE + ".calls", "a", encoding="utf-8") as file:
            file.write(json.dumps([method, *map(str, arguments)]) + "\n")
        if self.operation != "idle":
            raise Failure("already processing a different method")

    @dbus.service.method(INSTALLER, in_signature="sa{sv}")
    def InstallBundle(self, source, args):
        self.idle("InstallBundle", source)
        self.operation, self.last_error = "installing", ""
        self.run(str(source), [(0, "Installing"), (20, "Checking bundle done."), (40, "Copying image to rootfs.1"),
                               (90, "Updating slots done.")])

    def run(self, source, steps):
        if steps:
            self.progress = (*steps[0], 1)
            GLib.timeout_add(int(read().get("step_s", 0.2) * 1000), lambda: self.run(source, steps[1:]))
            return
        bundle = bundle_of(source)
        self.last_error = bundle.get("fails", "")
        if not self.last_error:
            self.write_slot(bundle)
        self.progress = (100, "Installing failed." if self.last_error else "Installing done.", 1)
        self.Completed(1 if self.last_error else 0)
        self.operation = "idle"

    def write_slot(self, bundle):
        state = read()
        name = next(name for name, slot in state["slots"].items() if slot["state"] != "booted")
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        state["slots"][name].update({"bundle.version": bundle["version"], "installed.timestamp": stamp, "boot-status": "good"})
        state["primary"] = name
        write(state)

    @dbus.service.method(INSTALLER, in_signature="s", out_signature="ss")
    def Info(self, bundle):
        self.idle("Info", bundle)
        found = bundle_of(str(bundle))
        return found["compatible"], found["version"]

    @dbus.service.method(INSTALLER, in_signature="ss", out_signature="ss")
    def Mark(self, state, slot_identifier):
        self.idle("Mark", state, slot_identifier)
        kept = read()
        kept["primary"] = str(slot_identifier)
        write(kept)
        return slot_identifier, f"activated slot {slot_identifier}"

    @dbus.service.method(INSTALLER, out_signature="a(sa{sv})")
    def GetSlotStatus(self):
        self.idle("GetSlotStatus")
        slots = [(name, dbus.Dictionary({**slot, "size": dbus.UInt64(5), "installed.count": dbus.UInt32(1)}, signature="sv"))
                 for name, slot in read()["slots"].items()]
        return slots + [("data.0", dbus.Dictionary({"class": "data", "state": "inactive"}, signature="sv"))]

    @dbus.service.method(INSTALLER, out_signature="s")
    def GetPrimary(self):
        self.idle("GetPrimary")
        return read()["primary"]

    @dbus.service.signal(INSTALLER, signature="i")
    def Completed(self, result):
        pass

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        assert interface == INSTALLER
        progress = dbus.Struct((dbus.Int32(self.progress[0]), self.progress[1], dbus.Int32(self.progress[2])), signature="isi")
        return {"Operation": self.operation, "LastError": self.last_error, "Progress": progress,
                "Compatible": "aloha-appliance", "Variant": "", "BootSlot": "A"}


DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(ADDRESS)
name = dbus.service.BusName("de.pengutronix.rauc", bus)
served = Installer(bus, "/")
print("ready", flush=True)
GLib.MainLoop().run()
