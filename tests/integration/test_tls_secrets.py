"""Where is a private key? In the memory and the files of aloha-keys, and nowhere else. Needs root, to look."""
import base64
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import clients
import ports
import process
import pytest
import tls
import web
from paths import BIN
from pki import PASSWORD, openssl

HANDSHAKES = 1000
CHUNK = 1 << 20
# No mapping of ours is so large. The address sanitizer has one: of what may be touched, which holds nothing else.
LARGEST = 1 << 40


@pytest.fixture(autouse=True)
def root():
    if os.getuid() != 0:
        pytest.skip("needs root, to read the memory of other processes")


def numbers(identity):
    """The secret numbers of a key, as big-endian bytes by name."""
    text = openssl("pkey", "-in", identity.key, "-noout", "-text")
    found = {}
    for name, digits in re.findall(r"^(\w+):\n((?:    [0-9a-f:]+\n)+)", text, re.MULTILINE):
        if name in ("privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient", "priv"):
            found[name] = bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")
    assert found, text
    return found


def certificate_of(identity):
    """DER of the certificate alone."""
    return base64.b64decode(identity.certificate.read_text().split("-----")[2])


def needles(identity):
    """Everything that would be the key: its numbers in both byte orders, and what its file holds."""
    result = {}
    for name, number in numbers(identity).items():
        result[f"{identity.name} {name}"] = number
        result[f"{identity.name} {name}, little-endian"] = number[::-1]
    body = identity.key.read_text().split("-----")[2]
    result[f"{identity.name} PEM"] = body.strip().splitlines()[-2].encode()
    result[f"{identity.name} DER"] = base64.b64decode(body)[40:]
    return result


def mappings(pid):
    """(begin, end) of what can be read of a process."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, rights, *rest = line.split(maxsplit=5)
        begin, end = (int(part, 16) for part in span.split("-"))
        if "r" not in rights or rest[-1] in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
            continue
        if end - begin > LARGEST:
            assert b"__asan_init" in pathlib.Path(f"/proc/{pid}/exe").read_bytes(), line
            continue
        yield begin, end


def chunks(memory, begin, end, overlap):
    """Its content piece by piece, each with the end of the one before."""
    kept, nothing = b"", bytes(CHUNK)
    for start in range(begin, end, CHUNK):
        try:
            memory.seek(start)
            content = memory.read(min(CHUNK, end - start))
        except OSError:
            return  # gone since, or not readable by anybody
        if content != nothing:
            yield kept + content
        kept = content[-overlap:]


def found_in(pid, sought):
    """Names of the needles that stand in the memory of a process."""
    found = set()
    overlap = max(map(len, sought.values()))
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end in mappings(pid):
            for content in chunks(memory, begin, end, overlap):
                found |= {name for name, needle in sought.items() if name not in found and needle in content}
    return found


def test_only_keys_has_them_after_1000_handshakes(farm, pki, make_aloha):
    port, starttls = ports.free_port(), ports.free_port()
    identities = [pki.leaf("mail", "rsa2048"), pki.leaf("ecdsa", "p256")]
    text = tls.https_of_farm(farm, port, "ecdsa", "mail") + \
        f"""imap {{ mode: CLEAR virtual_port: {starttls} server_port: {farm.ports["imap"]} certificate: "mail"
        starttls: OFFERED }} listen_address: "127.0.0.1" cas_server {{ name: "CAS1" address: "127.0.0.2" }}"""
    aloha = make_aloha("").start()
    aloha.ctl("certificate", "import", identities[0].pfx(), "--password-stdin", input=PASSWORD + "\n")
    aloha.ctl("certificate", "import", identities[1].pem)
    aloha.apply(text)
    aloha.wait_serving()
    contexts = [tls.client(pki, "TLSv1.2", f"ECDHE+AESGCM+a{kind}") for kind in ("RSA", "ECDSA")] + [tls.client(pki)]
    for number in range(HANDSHAKES):
        response = web.get(port, "/owa/bytes/1", tls=contexts[number % len(contexts)])
        assert response.status == 200
    with clients.Line(starttls) as line:
        line.read()
        line.ask("a STARTTLS", until="a OK")
        line.start_tls(tls.client(pki))
        assert line.ask("b NOOP", until="b ").startswith("b OK")

    sought = {name: needle for identity in identities for name, needle in needles(identity).items()}
    sought["password"] = PASSWORD.encode()
    # The search finds what is there: this process has read the key.
    assert found_in(os.getpid(), sought) >= {"mail PEM", "password"}
    pids = aloha.worker_pids()
    # And in processes of others: the supervisor and aloha-tls have the certificates.
    public = {identity.name: certificate_of(identity) for identity in identities}
    for name in ("supervisor", "tls"):
        assert found_in(pids[name], public) == set(public), name
    everywhere = {name: found_in(pid, sought) for name, pid in pids.items()}
    in_keys = everywhere.pop("keys")
    assert {name: found for name, found in everywhere.items() if found} == {}
    for identity in identities:
        assert any(name.startswith(identity.name) for name in in_keys), (identity.name, in_keys)
    assert "password" not in in_keys, "it is wiped after the import"
    leaked = [path for path in [*aloha.folder.rglob("*")] if path.is_file() and not path.is_relative_to(aloha.state)
              and any(needle in path.read_bytes() for needle in sought.values())]
    assert leaked == [], "neither log nor run folder has any of it"
    public = [path for path in aloha.state.rglob("*") if path.is_file() and "keys" not in path.parts
              and any(needle in path.read_bytes() for needle in sought.values())]
    assert public == []


@pytest.mark.parametrize("own_user", [False, True], ids=["trial", "installed"])
def test_the_folder_of_the_keys_is_open_to_keys_alone(farm, pki, make_aloha, folder, own_user):
    """In a trial it is the starting user's; installed it belongs to a user of its own, and that of the supervisor and all
    other workers cannot read it, nor the memory of aloha-keys."""
    port, options, others = ports.free_port(), {"user": "nobody"}, ["daemon"]
    if own_user:
        binaries = folder / "bin"
        shutil.copytree(BIN, binaries)
        shutil.chown(binaries / "aloha-keys", "backup")
        (binaries / "aloha-keys").chmod(0o4755)
        options, others = {"arguments": ("--user", "nobody"), "bin_folder": binaries}, ["daemon", "nobody"]
    aloha = tls.start(make_aloha, tls.https_of_farm(farm, port), [pki.leaf("mail", "p256")], **options)
    secrets = aloha.state / "keys"
    files = [secrets, *secrets.iterdir()]
    assert len(files) > 2 and all(path.stat().st_mode & 0o077 == 0 for path in files)
    files.append(pathlib.Path(f"/proc/{aloha.worker_pids()['keys']}/mem"))
    for path in files:
        for user in others:
            done = subprocess.run(["runuser", "-u", user, "--", "head", "-c1", path], capture_output=True, text=True)
            assert done.returncode != 0 and "ermission" in done.stderr, (user, path, done)
    if own_user:
        users = {name: process.status(pid)["Uid"].split() for name, pid in aloha.worker_pids().items()}
        own = users.pop("keys")[1]
        assert own == str(pwd.getpwnam("backup").pw_uid) and own not in sum(users.values(), [])
    assert web.get(port, "/owa/echo", tls=tls.client(pki)).status == 200


def test_keys_has_no_network(farm, pki, make_aloha):
    """Its sockets are the ones it inherited: local ones."""
    aloha = tls.start(make_aloha, tls.https_of_farm(farm, ports.free_port()), [pki.leaf("mail", "p256")])
    pid = aloha.worker_pids()["keys"]
    inodes = {os.readlink(fd)[8:-1] for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir() if os.readlink(fd).startswith("socket:")}
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
        lines = pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        assert not [line for line in lines if set(line.split()) & inodes], table
    status = process.status(pid)
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    measures = {c["measure"]: c for c in aloha.workers()["keys"]["confinement"]}
    assert measures["forbidden acts tried"]["observed"] == "refused", measures
