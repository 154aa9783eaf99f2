"""Time zone, restart and language of the machine: exactly what is asked of systemd, and a clear refusal where it is not."""
import os
import pathlib

import pytest
from aloha import Refused
from bus import Bus

CONFIG = 'version_note: "nothing to serve"\n'


@pytest.fixture
def bus(folder, monkeypatch):
    place = folder / "bus"
    place.mkdir()
    bus = Bus(place)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    yield bus
    bus.stop()


def refusal(aloha, *words):
    result = aloha.raw(*words)
    assert result.returncode == 1, result
    return result.stderr


def test_systemd_is_asked_for_exactly_this(bus, make_aloha):
    bus.add("timedate1", "login1")
    aloha = make_aloha(CONFIG).start()
    aloha.ctl("system", "timezone", "Europe/Paris")
    assert bus.calls("timedate1") == [["SetTimezone", "Europe/Paris", False]]
    assert "Invalid or not installed" in refusal(aloha, "system", "timezone", "Europe/Nowhere")
    assert aloha.raw("system", "timezone", "--list").stdout.split() == ["Africa/Cairo", "Europe/Paris", "UTC"]
    assert "--yes" in refusal(aloha, "system", "reboot"), "nobody was asked"
    assert bus.calls("login1") == []
    answer = aloha.ctl("system", "reboot", "--yes")
    assert bus.calls("login1") == [["Reboot", False]]
    assert (answer["event"]["actor"], answer["event"]["text"]) == ("root (uid 0)", "the machine restarts")


def test_what_is_not_there_or_not_allowed_is_said(bus, make_aloha):
    bus.add("login1", refuse=True)
    aloha = make_aloha(CONFIG).start()
    assert "org.freedesktop.timedate1 is not on this machine" in refusal(aloha, "system", "timezone", "Europe/Paris")
    assert "org.freedesktop.timedate1 is not on this machine" in refusal(aloha, "system", "timezone", "--list")
    assert "does not let this user" in refusal(aloha, "system", "reboot", "--yes")
    assert len(bus.calls("login1")) == 1
    # It comes, goes and comes again; so does the bus.
    bus.add("timedate1")
    aloha.ctl("system", "timezone", "UTC")
    bus.remove("timedate1")
    assert "is not on this machine" in refusal(aloha, "system", "timezone", "UTC")
    bus.stop()
    assert refusal(aloha, "system", "timezone", "UTC")
    assert "there is no system bus" in refusal(aloha, "system", "timezone", "UTC")
    assert aloha.ctl("worker", "list"), "it lives on without a bus"


def test_language_and_time_zone_are_shown(make_aloha):
    aloha = make_aloha(CONFIG, arguments=("--user", "nobody")).start()
    zone = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2] if pathlib.Path("/etc/localtime").is_symlink() else ""
    assert aloha.ctl("system", "info").get("timeZone", "") == zone
    assert aloha.ctl("system", "info")["language"] == "en"
    aloha.ctl("system", "language", "fr")
    with pytest.raises(Refused, match="en"):
        aloha.ctl("system", "language", "de")
    aloha.kill()
    aloha.start()
    assert aloha.raw("system", "language").stdout == "fr\n"
