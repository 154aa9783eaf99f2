"""One of systemd's services on a bus: fake_systemd.py ADDRESS NAME CALLS [refuse]. Appends each call to the file CALLS as a
line of JSON. Has the names, paths and signatures of systemd 252 (org.freedesktop.login1(5) and so on)."""
import json
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

ADDRESS, NAME, CALLS = sys.argv[1:4]
REFUSES = sys.argv[4:] == ["refuse"]
WHOLE = f"org.freedesktop.{NAME}"
ZONES = ["Europe/Paris", "Africa/Cairo", "UTC"]


class Refusal(dbus.DBusException):
    _dbus_error_name = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"


class Invalid(dbus.DBusException):
    _dbus_error_name = "org.freedesktop.DBus.Error.InvalidArgs"


def plain(value):
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return int(value) if isinstance(value, int) else str(value)


def note(method, *arguments):
    with open(CALLS, "a", encoding="utf-8") as file:
        file.write(json.dumps([method, *map(plain, arguments)]) + "\n")
    if REFUSES:
        raise Refusal("Interactive authentication required.")


class Hostname(dbus.service.Object):
    @dbus.service.method("org.freedesktop.hostname1", in_signature="sb")
    def SetStaticHostname(self, name, interactive):
        note("SetStaticHostname", name, interactive)


class TimeDate(dbus.service.Object):
    @dbus.service.method("org.freedesktop.timedate1", in_signature="sb")
    def SetTimezone(self, zone, interactive):
        note("SetTimezone", zone, interactive)
        if zone not in ZONES:
            raise Invalid(f"Invalid or not installed time zone '{zone}'")

    @dbus.service.method("org.freedesktop.timedate1", out_signature="as")
    def ListTimezones(self):
        return ZONES


class Login(dbus.service.Object):
    @dbus.service.method("org.freedesktop.login1.Manager", in_signature="b")
    def Reboot(self, interactive):
        note("Reboot", interactive)


class Resolve(dbus.service.Object):
    @dbus.service.method("org.freedesktop.resolve1.Manager", in_signature="ia(iay)")
    def SetLinkDNS(self, index, addresses):
        note("SetLinkDNS", index, addresses)


class TimeSync(dbus.service.Object):
    @dbus.service.method("org.freedesktop.timesync1.Manager", in_signature="as")
    def SetRuntimeNTPServers(self, servers):
        note("SetRuntimeNTPServers", servers)


KINDS = {"hostname1": Hostname, "timedate1": TimeDate, "login1": Login, "resolve1": Resolve, "timesync1": TimeSync}

DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(ADDRESS)
name = dbus.service.BusName(WHOLE, bus)
served = KINDS[NAME](bus, "/" + WHOLE.replace(".", "/"))
print("ready", flush=True)
GLib.MainLoop().run()
