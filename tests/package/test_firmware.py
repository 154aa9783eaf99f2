"""Is the appliance updated by a signed file and nothing else, with what was set up kept, and does it find back by itself?"""
import subprocess

import clients
import pytest
import updates
from appliance import IMAGE, PATIENCE, Appliance
from farm import Farm
from wait import until

# A start in software emulation, and the five minutes that a new system has to become well.
BACK = 300 + PATIENCE


@pytest.fixture(scope="module")
def farm():
    farm = Farm(cas=1, hub=0, arguments=("--address", "127.0.0.1"))
    yield farm
    farm.stop()


@pytest.fixture(scope="module")
def appliance(module_folder, farm):
    appliance = Appliance(module_folder)
    try:
        appliance.set_up(farm.ports["imap"])
        appliance.call("Users/CreateUser", {"name": "carol", "role": "MONITOR", "password": "Kestrel-Oboe-41-Fen"})
        appliance.call("Certificates/CreateSelfSignedCertificate", {"name": "mail", "commonName": "mail.example.org"})
        yield appliance
    finally:
        appliance.stop()


@pytest.fixture(scope="module")
def first(appliance):
    """The version of the image, in slot A, which has shown that it is well."""
    def proven():
        state = appliance.firmware()
        return slot(state, "A")["state"] == "GOOD" and state
    return until(proven, PATIENCE, "slot A is good", interval=2)["version"]


def slot(state, name):
    return next(s for s in state["slots"] if s["bootName"] == name)


def runs(appliance, version, name):
    """The balancer serves, and this version runs in this slot, and is good."""
    def there():
        state = appliance.firmware()
        here = slot(state, name)
        return state["version"] == version and here.get("booted") and here["state"] == "GOOD" and state
    state = until(there, BACK, f"{version} runs in {name}", interval=3)
    appliance.balances()
    return state


def kept(appliance):
    """What an update must not change."""
    names = [user["name"] for user in appliance.call("Users/ListUsers")["users"]]
    info = appliance.call("System/GetInfo")
    certificates = [appliance.call("Certificates/GetCertificate", {"name": name}) for name in ("mail", "wui")]
    for certificate in certificates:
        certificate.pop("signaturesTotal", None)  # since the start
    return {"users": names, "zone": info["timeZone"], "host": info["hostname"], "uuid": info["uuid"], "certificates": certificates}


def test_only_root_and_the_supervisor_may_talk_to_rauc(folder):
    system = folder / "system"
    system.mkdir()
    subprocess.run(["mount", "-o", "loop,noload,ro", IMAGE.parent / "root.ext4", system], check=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", system / "run"], check=True)
        (system / "run/dbus").mkdir()
        bus = subprocess.Popen(["chroot", system, "dbus-daemon", "--system", "--nofork", "--nopidfile"])
        try:
            until((system / "run/dbus/system_bus_socket").exists, what="the bus")

            def answer(user):
                call = ["chroot", system, "setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "dbus-send",
                        "--system", "--print-reply", "--dest=de.pengutronix.rauc", "/", "org.freedesktop.DBus.Peer.Ping"]
                return subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout

            refused = "org.freedesktop.DBus.Error.AccessDenied"
            assert refused in answer("aloha-dhcp") and refused in answer("nobody")
            for user in ("root", "aloha"):  # the bus starts RAUC
                assert "method return" in (text := answer(user)), text
        finally:
            bus.terminate()
            bus.wait()
    finally:
        # RAUC ends by itself, once its bus is gone.
        until(lambda: subprocess.run(["umount", "--recursive", system], check=False).returncode == 0, what="nobody is in there")


def refuse(appliance, file, reason):
    answer = appliance.install(file)
    assert answer.status != 200 and reason in answer.json["message"], answer
    assert not appliance.firmware().get("upload"), "the file is removed"
    appliance.balances()


def test_a_file_of_somebody_else_is_refused(appliance, first, folder):
    file = updates.empty(folder / "x", "9.0.0", key=updates.foreign_key(folder / "key"))
    refuse(appliance, file, "signature")
    assert slot(appliance.firmware(), "B")["state"] == "EMPTY"


def test_a_file_for_another_product_is_refused(appliance, first, folder):
    refuse(appliance, updates.empty(folder / "x", "9.0.0", compatible="another-product"), "another-product")
    assert slot(appliance.firmware(), "B")["state"] == "EMPTY"


def test_a_truncated_file_is_refused(appliance, first, folder):
    file = updates.empty(folder / "x", "9.0.0")
    file.write_bytes(file.read_bytes()[:-1000])
    refuse(appliance, file, "")


def test_a_file_that_was_changed_is_not_installed(appliance, first, folder):
    file = updates.empty(folder / "x", "9.0.0")
    data = bytearray(file.read_bytes())
    for at in range(96, len(data) // 2, 512):  # behind the head of the squashfs
        data[at] ^= 1
    file.write_bytes(data)
    answer = appliance.install(file)
    if answer.status == 200:  # the signature is of the tree of hashes, and each block is checked when it is read
        assert not appliance.installed().get("succeeded")
    state = appliance.firmware()
    assert slot(state, "A")["booted"] and slot(state, "A")["next"] and slot(state, "B")["state"] != "GOOD"
    appliance.balances()


def test_it_comes_back_from_an_update_without_a_kernel(appliance, first, folder):
    assert appliance.install(updates.empty(folder / "x", "9.0.1")).status == 200
    assert appliance.installed()["succeeded"]
    assert slot(appliance.firmware(), "B")["next"]
    boots = appliance.boot_count()
    appliance.reboot()
    until(lambda: appliance.boot_count() >= boots + 2, PATIENCE, "a second start", interval=2)
    assert slot(runs(appliance, first, "A"), "B")["state"] == "BAD"


def test_it_comes_back_from_an_update_in_which_aloha_does_not_start(appliance, first, folder):
    file = updates.whole(folder / "x", "9.0.2", without=["/usr/sbin/aloha-supervisor"])
    assert appliance.install(file).status == 200
    assert appliance.installed()["succeeded"]
    boots = appliance.boot_count()
    appliance.reboot()
    until(lambda: appliance.boot_count() >= boots + 2, BACK, "a second start", interval=2)
    assert slot(runs(appliance, first, "A"), "B")["state"] == "BAD"


def test_an_update_keeps_what_was_set_up_and_can_be_taken_back(appliance, first, folder):
    file = updates.whole(folder / "x", "9.0.3")
    appliance.call("System/SetTimeZone", {"timeZone": "Europe/Paris"})
    before = kept(appliance)
    assert before["zone"] == "Europe/Paris"
    assert appliance.install(file).status == 200
    served = 0
    while not appliance.firmware().get("result"):
        assert clients.imap(appliance.imap, timeout=60) == "CAS1"
        served += 1
    assert served > 3 and appliance.installed()["succeeded"]
    appliance.reboot()
    assert slot(runs(appliance, "9.0.3", "B"), "A")["state"] == "GOOD"
    assert kept(appliance) == before
    assert appliance.call("System/GetInfo")["firmwareRevision"] == "9.0.3"

    appliance.call("Firmware/RollbackFirmware")
    appliance.reboot()
    runs(appliance, first, "A")
    assert kept(appliance) == before
