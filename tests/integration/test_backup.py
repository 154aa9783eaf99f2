"""Does a backup bring back what was set up, here and on another machine; and does a broken one change nothing?"""
import base64
import hashlib
import pathlib
import re
import socket
import ssl
import struct
import time
import zlib

import accounts
import ports
import pytest
import tls
import web
from accounts import GOOD, OTHER
from api import Api, refusal
from wait import until

PASSPHRASE = "tin whistle parade"
RIGHT = dict(input=PASSPHRASE + "\n")
MAGIC = b"ALOHABAK"


def allow_backup(aloha):
    """What whoever administers the machine does once, so that private keys may leave it."""
    (aloha.state / "keys/allow-backup").touch()


def shown(port):
    """Fingerprint of the certificate that a client gets."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with web.Connection(port, tls=context, server_name="mail.example.test") as c:
        return hashlib.sha256(c.socket.getpeercert(binary_form=True)).hexdigest()


def text(aloha, *flags):
    """config show, byte for byte."""
    result = aloha.raw("config", "show", *flags)
    assert result.returncode == 0, result.stderr
    return result.stdout


def users(aloha):
    return sorted((u["name"], u["role"]) for u in aloha.ctl("user", "list")["users"])


def create(aloha, file, *flags):
    return aloha.ctl("backup", "create", file, "--passphrase-stdin", *flags, **RIGHT)


def restore(aloha, file):
    return aloha.ctl("backup", "restore", file, "--passphrase-stdin", "--yes", **RIGHT)


def state(aloha):
    """Everything that a restore could change, but for what counts by itself."""
    certificates = [{k: v for k, v in c.items() if k != "signaturesTotal"}
                    for c in aloha.ctl("certificate", "list").get("certificates", [])]
    versions = aloha.ctl("config", "history").get("versions", [])
    keys = sorted(p.name for p in (aloha.state / "keys").glob("*.key"))
    return text(aloha), users(aloha), certificates, aloha.ctl("ca", "list"), versions, keys


def secrets(file):
    """Bytes of a state file, 16 and more."""
    escaped = re.findall(r': "((?:[^"\\]|\\.)*)"', file.read_text())
    found = [text.encode().decode("unicode_escape").encode("latin-1") for text in escaped]
    return [one for one in found if len(one) >= 16]


def private_parts(der):
    """What of a private key in PKCS#8 is in no certificate: behind the modulus of RSA, the number of ECDSA."""
    return [der[i:i + 24] for i in range(320, len(der) - 24, 24)] if len(der) > 1000 else [der[36:60]]


class SetUp:
    """A machine with a bit of everything, and its backups with and without a passphrase."""

    def __init__(self, make, farm, pki, folder):
        self.port, self.farm, self.pki = ports.free_port(), farm, pki
        self.leaf = pki.leaf("mail", "rsa2048")
        self.aloha = tls.start(make, tls.https_of_farm(farm, self.port), [self.leaf], [("corp", pki.ca)])
        self.aloha.apply(tls.https_of_farm(farm, self.port) + 'version_note: "as it was"', "--save")
        accounts.first_sign_in(self.aloha).close()
        carol = accounts.add_user(self.aloha, "carol", "operator")
        self.factor = base64.b32decode(carol.call("Users/BeginSecondFactor", password=GOOD)["secret"])
        self.secret = base64.b32encode(self.factor).decode()
        carol.call("Users/ConfirmSecondFactor", code=accounts.code(self.secret))
        carol.close()
        self.token = self.aloha.ctl("token", "create", "graphs", "--role", "monitor")["secret"]
        self.text = text(self.aloha)
        allow_backup(self.aloha)
        self.sealed, self.clear = folder / "sealed.backup", folder / "clear.backup"
        self.made = create(self.aloha, self.sealed)
        self.aloha.ctl("backup", "create", self.clear)


@pytest.fixture(scope="module")
def before(make_module_aloha, module_farm, pki, module_folder):
    return SetUp(make_module_aloha, module_farm, pki, module_folder)


@pytest.fixture
def another(make_aloha, before):
    """Another machine, as it was delivered. The first one gives its ports up meanwhile."""
    before.aloha.ctl("service", "stop", "haproxy", "--now")
    yield make_aloha("").start()
    before.aloha.ctl("service", "start", "haproxy")


def test_what_is_in_one_is_told(before):
    info = before.aloha.ctl("backup", "show", before.sealed)
    assert info["encrypted"] and info["host"] == socket.gethostname() and "contents" not in info, info
    contents = before.aloha.ctl("backup", "show", before.sealed, "--passphrase-stdin", **RIGHT)["contents"]
    assert contents["users"] == ["admin", "carol"] and contents["tokens"] == 1, contents
    assert "mail" in contents["certificates"] and contents["trustAnchors"] == ["corp"], contents
    assert contents["privateKeys"] >= 1 and contents["versions"] >= 2, contents
    clear = before.aloha.ctl("backup", "show", before.clear)
    assert not clear.get("encrypted") and not clear["contents"].get("privateKeys"), clear
    assert before.sealed.stat().st_mode & 0o777 == 0o600
    assert before.aloha.raw("backup", "create", before.sealed).returncode == 1, "never in place of another"


def test_after_a_factory_reset_it_is_the_same_machine(before):
    aloha = before.aloha
    fingerprint = shown(before.port)
    aloha.ctl("config", "factory-reset", "--yes")
    aloha.ctl("user", "delete", "carol")
    aloha.ctl("token", "revoke", "graphs")
    assert text(aloha) != before.text
    history = len(aloha.ctl("config", "history")["versions"])
    planned = aloha.raw("backup", "restore", before.sealed, "--passphrase-stdin", **RIGHT)
    assert planned.returncode == 1 and "carol" in planned.stdout and "--yes" in planned.stderr, planned
    assert text(aloha) != before.text, "a plan changes nothing"
    restore(aloha, before.sealed)
    assert text(aloha) == before.text and text(aloha, "--saved") == before.text
    assert users(aloha) == [("admin", "ADMIN"), ("carol", "OPERATOR")]
    assert len(aloha.ctl("config", "history")["versions"]) == history + 1, "none twice"
    aloha.wait_serving()
    assert shown(before.port) == fingerprint
    assert web.get(before.port, "/owa/echo", tls=tls.client(before.pki)).status == 200


def test_another_machine_becomes_the_same(before, another):
    restore(another, before.sealed)
    assert text(another) == before.text and text(another, "--saved") == before.text
    another.wait_serving()
    assert shown(before.port) == before.leaf.fingerprint
    assert web.get(before.port, "/owa/echo", tls=tls.client(before.pki)).status == 200
    assert another.ctl("certificate", "show", "mail")["state"] == "VALID"
    assert another.ctl("ca", "show", "corp")["pem"] == before.aloha.ctl("ca", "show", "corp")["pem"]
    accounts.sign_in(another, "admin", GOOD).close()
    step = int(time.time()) // 30 + 1
    accounts.sign_in(another, "carol", GOOD, code=accounts.code(before.secret, step)).close()
    bearer = Api(another, address="127.0.0.1", token=before.token)
    assert bearer.call("Services/ListServices")["services"]
    bearer.close()
    notes = [v.get("note") for v in another.ctl("config", "history")["versions"]]
    assert len(notes) >= len(before.aloha.ctl("config", "history")["versions"])
    # It stays so.
    another.kill()
    another.start()
    assert text(another) == before.text
    another.wait_serving()
    assert shown(before.port) == before.leaf.fingerprint
    another.stop()


def test_a_rollback_leads_to_what_ran_before(before, another):
    ran = text(another)
    restore(another, before.sealed)
    another.ctl("config", "rollback")
    assert text(another) == ran != before.text
    another.stop()


def test_sessions_whose_password_is_another_one_end(before, another):
    session = accounts.first_sign_in(another, OTHER)
    assert session.call("Users/GetCaller")["name"] == "admin"
    restore(another, before.sealed)
    assert refusal(session, "Services/ListServices") == "UNAUTHENTICATED"
    session.close()
    another.stop()


def test_without_a_passphrase_no_key_is_in_it(before, another):
    """Neither private keys nor second factors nor the secrets of cookies and tickets."""
    content = before.clear.read_bytes()
    at = content.index(b"\x1f\x8b")
    inside = zlib.decompressobj(31).decompress(content[at:])
    assert b"mail.example.test" in inside, "this is what is searched"
    kept = [p.read_bytes()[12:] for p in (before.aloha.state / "keys").glob("*.key")]
    factor = before.factor
    secret, *_ = secrets(before.aloha.state / "persistence.textproto")
    tickets = secrets(before.aloha.run / "ticket-keys.textproto")
    assert len(kept) >= 1 and len(factor) == 20 and len(secret) == 32 and tickets
    needles = [factor, secret, *tickets, b"PRIVATE KEY", *(part for der in kept for part in private_parts(der))]
    for needle in needles:
        for haystack in (content, inside, before.sealed.read_bytes()):
            assert needle not in haystack, needle
    # It restores the rest, and says what is missing.
    planned = another.raw("backup", "restore", before.clear)
    assert "private keys: none" in planned.stdout and "mail" in planned.stdout, planned
    another.ctl("backup", "restore", before.clear, "--yes")
    assert text(another) == before.text
    assert another.ctl("certificate", "show", "mail")["state"] == "NO_KEY"
    assert users(another) == [("admin", "ADMIN"), ("carol", "OPERATOR")]
    another.ctl("certificate", "import", before.leaf.pem)
    another.wait_serving()
    assert shown(before.port) == before.leaf.fingerprint
    another.stop()


def broken_files(before, folder):
    """What is no backup that could be restored: (bytes, word of the reason, exit code)."""
    whole, clear = before.sealed.read_bytes(), before.clear.read_bytes()

    def resealed(content):
        """With a digest that fits."""
        return content + hashlib.blake2b(content, digest_size=32).digest()

    def headed(old, new):
        """Another header of the same length."""
        assert old in clear and len(old) == len(new)
        return resealed(clear[:-32].replace(old, new, 1))
    newer = whole[:8] + struct.pack(">I", 2) + whole[12:]
    return {
        "empty": (b"", "no backup"),
        "text": (b"To whom it may concern\n" * 50, "no backup"),
        "a certificate": (before.leaf.pem.read_bytes(), "no backup"),
        "cut in half": (whole[:len(whole) // 2], "cut off"),
        "without its end": (clear[:-1], "cut off"),
        "with something behind": (clear + b"x", "cut off"),
        "one bit changed": (whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], "changed"),
        "a newer version": (newer, "newer version"),
        "another product": (headed(b"\x05aloha", b"\x05halos"), "another product"),
        "another machine's header": (resealed(whole[:-32].replace(socket.gethostname().encode(), b"x" * len(socket.gethostname()), 1)),
                                     "passphrase"),
        "a broken content": (resealed(clear[:-60] + bytes(28)), "damaged|does not know"),
        "too large": (MAGIC + bytes(3_500_000), "too large"),
    }


def test_a_broken_one_changes_nothing(before, folder):
    aloha = before.aloha
    now = state(aloha)
    for what, (content, word) in broken_files(before, folder).items():
        file = folder / "broken.backup"
        file.write_bytes(content)
        for command in ("show", "restore"):
            flags = ["--yes"] if command == "restore" else []
            result = aloha.raw("backup", command, file, "--passphrase-stdin", *flags, **RIGHT)
            assert result.returncode == 1 and re.search(word, result.stderr), (what, command, result)
            assert len(result.stderr) < 300, (what, result.stderr)
        assert state(aloha) == now, what


def test_another_passphrase_changes_nothing(before):
    now = state(before.aloha)
    for wrong, word in (("tin whistle parada", "passphrase"), ("short", "12 to 1,024"), ("", "12 to 1,024")):
        result = before.aloha.raw("backup", "restore", before.sealed, "--passphrase-stdin", "--yes", input=wrong + "\n")
        assert result.returncode == 1 and word in result.stderr, (wrong, result)
    result = before.aloha.raw("backup", "restore", before.sealed, "--yes")
    assert result.returncode == 1 and "--passphrase-stdin" in result.stderr, result
    assert state(before.aloha) == now


def test_what_this_machine_cannot_serve_changes_nothing(before, make_aloha):
    """The port is taken: every worker accepts, or nothing changes."""
    other = make_aloha("").start()
    now = state(other)
    assert before.aloha.service("haproxy")["state"] == "OK"
    result = other.raw("backup", "restore", before.sealed, "--passphrase-stdin", "--yes", **RIGHT)
    assert result.returncode == 1 and str(before.port) in result.stderr, result
    after = state(other)
    # Private keys that were taken in go when nothing can need them any more.
    assert after[:5] == now[:5]
    other.stop()


def test_private_keys_leave_only_with_leave(before, make_aloha, folder, pki):
    fresh = make_aloha("").start()
    fresh.ctl("certificate", "import", pki.leaf("alone", "p256").pem)
    file = folder / "fresh.backup"
    result = fresh.raw("backup", "create", file, "--passphrase-stdin", **RIGHT)
    assert result.returncode == 1 and "allow-backup" in result.stderr and not file.exists(), result
    made = create(fresh, file, "--without-keys")
    assert not made["info"]["contents"].get("privateKeys"), made
    allow_backup(fresh)
    made = create(fresh, folder / "with.backup")
    assert made["info"]["contents"]["privateKeys"] >= 1, made


def test_administrators_alone(before):
    admin = accounts.sign_in(before.aloha, "admin", GOOD)
    monitor = accounts.add_user(before.aloha, "mona", "monitor")
    backup = base64.b64encode(before.clear.read_bytes()).decode()
    for method, fields in (("CreateBackup", {}), ("PreviewRestore", {"backup": backup}), ("RestoreBackup", {"backup": backup})):
        assert refusal(monitor, f"Backups/{method}", **fields) == "PERMISSION_DENIED", method
    made = admin.call("Backups/CreateBackup")
    assert base64.b64decode(made["backup"]).startswith(MAGIC) and re.fullmatch(r"aloha-[\w.-]+\.backup", made["fileName"])
    events = [e for e in before.aloha.ctl("event", "list")["events"] if e.get("subject") == "backup"]
    assert any(e["actor"].startswith("admin") and e["object"] == made["fileName"] for e in events), events
    for somebody in (admin, monitor):
        somebody.close()
    before.aloha.ctl("user", "delete", "mona")


def test_nothing_of_the_passphrase_is_in_files_or_logs(before):
    places = [p for root in (before.aloha.state, before.aloha.run) for p in root.rglob("*") if p.is_file()]
    for place in [*places, before.aloha.log, before.sealed]:
        assert PASSPHRASE.encode() not in pathlib.Path(place).read_bytes(), place
    until(lambda: "Backups/CreateBackup" in before.aloha.log.read_text(), what="audit line")


def key_files(aloha):
    return {p.name for p in (aloha.state / "keys").glob("*.key")}


def test_what_waits_for_confirmation_is_not_erased(before):
    before.aloha.apply(before.text.replace("as it was", "perhaps"), "--confirm", "60")
    now = state(before.aloha)
    result = before.aloha.raw("config", "factory-reset", "--erase", "--yes")
    assert result.returncode == 1 and "waits for confirmation" in result.stderr, result
    assert state(before.aloha) == now
    before.aloha.ctl("config", "confirm")


def test_erased_it_is_a_new_machine_and_its_backup_brings_all_of_it_back(before):
    aloha = before.aloha
    keys, fingerprint = key_files(aloha), shown(before.port)
    kept = secrets(aloha.state / "persistence.textproto")
    told = aloha.raw("config", "factory-reset", "--erase", "--yes")
    assert told.returncode == 0 and "not saved" not in told.stderr, told
    assert not keys & key_files(aloha), "an old private key is there"
    assert kept and not set(kept) & set(secrets(aloha.state / "persistence.textproto"))
    assert text(aloha) == text(aloha, "--saved") != before.text
    assert users(aloha) == [("admin", "ADMIN")] and not aloha.ctl("token", "list").get("tokens")
    assert len(aloha.ctl("config", "history")["versions"]) == 1
    assert not aloha.ctl("ca", "list").get("trustAnchors")
    assert "mail" not in [c["name"] for c in aloha.ctl("certificate", "list")["certificates"]]
    restore(aloha, before.sealed)
    assert text(aloha) == before.text and text(aloha, "--saved") == before.text
    assert users(aloha) == [("admin", "ADMIN"), ("carol", "OPERATOR")]
    aloha.wait_serving()
    assert shown(before.port) == fingerprint
