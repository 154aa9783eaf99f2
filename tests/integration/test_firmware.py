"""Updates of the appliance: exactly what RAUC is asked, what is refused and why, and how it goes on after a restart. RAUC is a
stand-in with the names and signatures of 1.8; the running version is that of a file bound over /etc/os-release."""
import base64
import json
import os
import pathlib
import subprocess

import pytest
from accounts import add_user, first_sign_in
from api import Api, Failed, refusal
from bus import Bus
from image import RUNNING, Image
from wait import until

CONFIG = 'version_note: "nothing to serve"\n'
PIECE = 256 << 10


def encoded(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def bus(folder, monkeypatch):
    place = folder / "bus"
    place.mkdir()
    bus = Bus(place)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    yield bus
    bus.stop()


@pytest.fixture
def aloha(bus, folder, make_aloha):
    bus.add_rauc()
    bus.add("login1")
    return make_aloha(CONFIG, machine=Image(folder)).start()


def update(folder, version="1.3.0-1", name="update.raucb", size=700_000, **more):
    file = folder / name
    head = json.dumps({"compatible": "aloha-appliance", "version": version, **more})
    file.write_text(head + " " * (size - len(head)))
    return file


def install(aloha, file, *flags):
    return aloha.raw("firmware", "install", file, *flags)


def firmware(aloha):
    return aloha.ctl("firmware", "list")


def slot(aloha, name):
    return next(one for one in firmware(aloha)["slots"] if one["name"] == name)


def kept(aloha):
    return aloha.state / "firmware" / "upload.raucb"


def events(aloha):
    return [e for e in aloha.ctl("event", "list")["events"] if e["subject"] == "firmware"]


def refused(aloha, file, *flags):
    result = install(aloha, file, *flags)
    assert result.returncode == 1, result
    return result.stderr


def calls(bus, *methods):
    return [call for call in bus.calls("rauc.json") if call[0] in methods]


def test_an_update_is_installed_and_taken_back(aloha, bus, folder):
    before = firmware(aloha)
    assert (before["updates"], before["version"]) == ("SLOTS", RUNNING)
    assert [(s["name"], s["bootName"], s["state"]) for s in before["slots"]] == [
        ("rootfs.0", "A", "GOOD"), ("rootfs.1", "B", "EMPTY")]
    assert before["slots"][0]["booted"] and before["slots"][0]["next"] and before["slots"][0]["version"] == RUNNING
    assert "rootfs.1 is empty" in aloha.raw("firmware", "rollback").stderr
    result = install(aloha, update(folder))
    assert result.returncode == 0, result
    assert "installation begun, 1.2.0-1 runs" in result.stdout and "rootfs.1" in result.stdout
    path = str(kept(aloha))
    assert calls(bus, "Info", "InstallBundle") == [["Info", path], ["InstallBundle", path]]
    assert not kept(aloha).exists() and "upload" not in firmware(aloha)
    assert aloha.log.read_text().count("audit: Firmware/UploadFirmware") == 1, "one line for all pieces"
    other = slot(aloha, "rootfs.1")
    assert (other["version"], other["state"], other["next"]) == ("1.3.0-1", "GOOD", True) and int(other["installedS"]) > 0
    assert [(e["object"], e["severity"]) for e in events(aloha)[:2]] == [("1.3.0-1", "INFO")] * 2
    assert events(aloha)[1]["actor"] == "root (uid 0)"
    assert bus.calls("login1") == []
    # Before the restart, and after: the slot that is not next becomes it.
    aloha.ctl("firmware", "rollback")
    assert slot(aloha, "rootfs.0")["next"] and not slot(aloha, "rootfs.1")["next"]
    answer = aloha.ctl("firmware", "rollback")
    assert answer["event"]["text"] == "the next restart of the machine boots it, with 1.3.0-1"
    assert calls(bus, "Mark") == [["Mark", "active", "rootfs.0"], ["Mark", "active", "rootfs.1"]]
    bus.set_rauc(rootfs_0={"boot-status": "bad"})
    assert "rootfs.0 is bad" in aloha.raw("firmware", "rollback").stderr
    assert len(calls(bus, "Mark")) == 2


def test_the_machine_restarts_when_asked_for(aloha, bus, folder):
    assert install(aloha, update(folder), "--reboot").returncode == 0
    assert bus.calls("login1") == [["Reboot", False]]


def test_what_is_not_newer_needs_permission(aloha, bus, folder):
    for version in (RUNNING, "1.2.0-1~rc1", "1.1.99"):
        file = update(folder, version, f"{version}.raucb")
        assert f"the file has {version}, which is not newer than {RUNNING} that runs" in refused(aloha, file)
        assert kept(aloha).exists(), "it need not be sent again"
    assert calls(bus, "InstallBundle") == []
    assert install(aloha, file, "--allow-downgrade").returncode == 0
    assert slot(aloha, "rootfs.1")["version"] == "1.1.99"


@pytest.mark.parametrize("wrong, words", [
    ({"signed": False}, "its signature is not one of a key that this machine trusts"),
    ({"compatible": "toaster\x1b[31m"}, r'for "toaster\x1b[31m", and this machine is "aloha-appliance"'),
    ({"version": "latest"}, 'the file has "latest"'),
])
def test_what_is_not_ours_is_refused(aloha, bus, folder, wrong, words):
    assert words in refused(aloha, update(folder, **{"version": "1.3.0", **wrong}), "--allow-downgrade")
    assert calls(bus, "InstallBundle") == [] and not kept(aloha).exists()
    event = events(aloha)[0]
    assert event["severity"] == "WARNING" and event["text"].startswith("not installed: ") and event["actor"] == "root (uid 0)"
    assert "result" not in firmware(aloha) and slot(aloha, "rootfs.1")["state"] == "EMPTY"


def test_why_an_installation_failed_is_told(aloha, bus, folder):
    words = "Failed to write rootfs.1: \x1b[2J no space"
    result = install(aloha, update(folder, fails=words))
    assert result.returncode == 1 and r"Failed to write rootfs.1: \x1b[2J no space" in result.stderr, result
    told = firmware(aloha)["result"]
    assert (told["version"], told["error"], told["succeeded"]) == ("1.3.0-1", words.replace("\x1b", r"\x1b"), False)
    assert events(aloha)[0]["severity"] == "ERROR" and "installation failed" in events(aloha)[0]["text"]
    assert not kept(aloha).exists()
    assert install(aloha, update(folder)).returncode == 0, "another one may be tried"


def upload(api, file, source="test"):
    data = file.read_bytes()
    for offset in range(0, len(data), PIECE):
        api.call("Firmware/UploadFirmware", source=source, totalBytes=len(data), offset=offset,
                 data=encoded(data[offset:offset + PIECE]))


def begin_slowly(aloha, bus, folder, **more):
    bus.set_rauc(step_s=1.0)
    api = Api(aloha)
    upload(api, update(folder, **more))
    api.call("Firmware/InstallFirmware")
    return api


def test_one_at_a_time(aloha, bus, folder):
    api = begin_slowly(aloha, bus, folder)
    assert refusal(api, "Firmware/InstallFirmware") == "FAILED_PRECONDITION"
    assert "an update is being installed" in refused(aloha, update(folder, "1.4.0", "second.raucb"))
    assert "an update is being installed" in aloha.raw("firmware", "rollback").stderr
    percents = set()

    def over():
        state = api.call("Firmware/GetFirmware")
        percents.add(state.get("installation", {}).get("progressPercent", 0))
        return "installation" not in state

    live = api.watch("Events/WatchAll")
    told = next(m["firmware"] for m in live if m.get("firmware", {}).get("installation", {}).get("step"))
    assert told["installation"]["version"] == "1.3.0-1"
    until(over, 30, "end")
    assert percents & {20, 40, 90}, percents
    assert slot(aloha, "rootfs.1")["version"] == "1.3.0-1" and len(calls(bus, "InstallBundle")) == 1


@pytest.mark.parametrize("fails", ["", "no space"])
def test_a_restart_in_the_middle(aloha, bus, folder, fails):
    begin_slowly(aloha, bus, folder, **({"fails": fails} if fails else {}))
    aloha.kill()
    aloha.start()
    state = firmware(aloha)
    assert state["installation"]["version"] == "1.3.0-1" and kept(aloha).exists(), state
    until(lambda: "installation" not in firmware(aloha), 30, "end")
    assert firmware(aloha)["result"]["succeeded"] == (not fails)
    assert firmware(aloha)["result"]["error"] == fails
    assert not list((aloha.state / "firmware").iterdir())


@pytest.mark.parametrize("fails", ["", "no space"])
def test_an_end_that_no_supervisor_saw(aloha, bus, folder, fails):
    begin_slowly(aloha, bus, folder, **({"fails": fails} if fails else {}))
    aloha.kill()
    until(lambda: '"idle"' in operation(bus), 30, "end")
    aloha.start()
    until(lambda: "result" in firmware(aloha), 30, "result")
    assert firmware(aloha)["result"]["succeeded"] == (not fails)
    assert firmware(aloha)["result"]["error"] == fails


def operation(bus):
    command = ["dbus-send", f"--bus={bus.address}", "--print-reply", "--dest=de.pengutronix.rauc", "/",
               "org.freedesktop.DBus.Properties.GetAll", "string:de.pengutronix.rauc.Installer"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_rauc_that_goes_away_in_the_middle(aloha, bus, folder):
    begin_slowly(aloha, bus, folder)
    bus.remove("rauc.json")
    assert "is not on this machine" in firmware(aloha)["trouble"], "slots all the same: it is an image"
    bus.add_rauc()
    until(lambda: "installation" not in firmware(aloha), 30, "end")
    assert "the slot was not written" in firmware(aloha)["result"]["error"]


def test_an_upload_goes_on_where_it_was_cut_off(aloha, bus, folder):
    api = Api(aloha)
    file = update(folder)
    about = file.stat()
    source = f"update.raucb, {about.st_size} bytes, {about.st_mtime_ns // 10**9}.{about.st_mtime_ns % 10**9:09}"
    first = encoded(file.read_bytes()[:PIECE])
    api.call("Firmware/UploadFirmware", source=source, totalBytes=about.st_size, data=first)
    assert api.call("Firmware/GetFirmware")["upload"]["receivedBytes"] == str(PIECE)
    assert "no whole update file" in api_error(api, "Firmware/InstallFirmware")
    assert "go on at offset 262144" in api_error(api, "Firmware/UploadFirmware", source=source, totalBytes=about.st_size,
                                                 offset=3, data=first)
    with open(kept(aloha), "r+b") as begun:
        begun.write(b"[")
    refused(aloha, file)
    assert calls(bus, "Info") and not calls(bus, "InstallBundle"), "the first piece was not sent again: it has another byte"


def api_error(api, name, **fields):
    with pytest.raises(Failed) as failed:
        api.call(name, **fields)
    return str(failed.value)


def test_what_is_too_large_is_refused_at_once(aloha, folder):
    huge = folder / "huge.raucb"
    with open(huge, "wb") as file:
        file.truncate((2 << 30) + 1)
    assert "an update has at most 2048 MiB" in refused(aloha, huge)
    assert not kept(aloha).exists()
    assert "no file with an update" in refused(aloha, folder)


def test_a_small_disk(bus, folder, make_aloha):
    bus.add_rauc()
    aloha = make_aloha(CONFIG)
    aloha.machine = Image(folder, aloha.state, mib=40)
    aloha.start()
    state = pathlib.Path(f"/proc/{aloha.pid()}/root{aloha.state}")
    stderr = refused(aloha, update(folder, size=30 << 20, name="large.raucb"))
    assert "MiB free, the update needs 47 MiB" in stderr, stderr
    assert not (state / "firmware" / "upload.raucb").exists(), "not a byte of it"
    # It fills up on the way; nothing is lost but time.
    api = Api(aloha)
    file = update(folder, size=4 << 20)
    data = encoded(file.read_bytes()[:PIECE])
    api.call("Firmware/UploadFirmware", source="s", totalBytes=4 << 20, data=data)
    filler = state / "filler"
    with open(filler, "wb") as full, pytest.raises(OSError):
        while True:
            full.write(b"\0" * (1 << 20))
            full.flush()
    blank = encoded(b" " * PIECE)
    piece = {"source": "s", "totalBytes": 4 << 20, "offset": PIECE, "data": blank}
    assert "is full: make room, then go on" in api_error(api, "Firmware/UploadFirmware", **piece)
    assert os.stat(state / "firmware" / "upload.raucb").st_size == PIECE
    filler.unlink()
    assert api.call("Firmware/UploadFirmware", piece)["receivedBytes"] == str(2 * PIECE)


def test_only_administrators_change_it(aloha, folder):
    admin = first_sign_in(aloha)
    data = encoded(b"x")
    for role in ("operator", "monitor"):
        somebody = add_user(aloha, role[:4], role)
        assert somebody.call("Firmware/GetFirmware")["version"] == RUNNING
        for method, fields in (("UploadFirmware", {"source": "s", "totalBytes": 1, "data": data}), ("InstallFirmware", {}),
                               ("RollbackFirmware", {})):
            assert refusal(somebody, f"Firmware/{method}", fields) == "PERMISSION_DENIED", (role, method)
    assert not kept(aloha).exists()
    upload(admin, update(folder))
    assert admin.call("Firmware/InstallFirmware")["event"]["actor"] == "admin (127.0.0.1)"
    until(lambda: "installation" not in firmware(aloha), 30, "end")


def test_without_slots_packages_bring_new_versions(bus, make_aloha, folder):
    aloha = make_aloha(CONFIG).start()
    state = firmware(aloha)
    assert state["updates"] == "PACKAGES" and state["version"] and not state.get("slots") and not state["trouble"]
    assert "apt updates its packages" in aloha.raw("firmware", "list").stdout
    assert "apt updates its packages" in refused(aloha, update(folder))
    assert "apt updates its packages" in aloha.raw("firmware", "rollback").stderr
    assert not kept(aloha).exists()
    bus.stop()
    assert firmware(aloha)["updates"] == "PACKAGES", "nor without a bus"
