"""Which certificates are taken in, which of them is shown, and what happens when they change?"""
import concurrent.futures
import hashlib
import json
import os
import ssl

import config
import ports
import pytest
import tls
import web
from pki import HOST, PASSWORD, openssl
from wait import until


def shown(port, pki, server_name=HOST, ciphers=None, version="TLSv1.2"):
    """Fingerprint of the certificate that a client gets."""
    context = tls.client(pki, version, ciphers)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with web.Connection(port, tls=context, server_name=server_name) as c:
        der = c.socket.getpeercert(binary_form=True)
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def aloha(make_aloha):
    return make_aloha("").start()


@pytest.fixture
def leaf(pki):
    return pki.leaf("mail", "rsa2048")


def names(aloha):
    return {c["name"]: c for c in aloha.ctl("certificate", "list").get("certificates", [])}


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p384"])
def test_every_form_is_taken_and_serves(aloha, farm, pki, key):
    leaf = pki.leaf("mail", key)
    port = ports.free_port()
    for form, (file, password) in leaf.forms().items():
        words = ["certificate", "import", file, "--name", "mail", "--password-stdin"]
        change = aloha.ctl(*words, input=password + "\n")
        assert change["certificate"]["fingerprint"] == leaf.fingerprint, form
        assert change["certificate"]["chainLength"] == 2, (form, change)
    aloha.apply(tls.https_of_farm(farm, port))
    aloha.wait_serving()
    assert web.get(port, "/owa/echo", tls=tls.client(pki)).status == 200
    entry = names(aloha)["mail"]
    assert entry["state"] == "VALID" and entry["commonName"] == HOST and entry["names"] == [HOST], entry
    assert int(entry["signaturesTotal"]) >= 1 and entry["usedBy"], entry


def broken_files(pki, leaf, folder):
    """What is no certificate with its key: (file, password, a word of the reason)."""
    other = pki.leaf("other", "rsa2048")
    key, certificate = leaf.key.read_text(), leaf.certificate.read_text()

    def file(name, content):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    whole = leaf.pfx().read_bytes()
    return {
        "wrong password of a pfx": (leaf.pfx(), "wrong", "password"),
        "wrong password of an old pfx": (leaf.pfx(legacy=True), "wrong", "password"),
        "wrong password of a key": (leaf.forms()["pem-pkcs8-encrypted"][0], "wrong", "password"),
        "no password": (leaf.pfx(), "", "password"),
        "garbage": (file("garbage.pfx", os.urandom(5000)), PASSWORD, ""),
        "nothing": (file("empty.pem", b""), "", ""),
        "text": (file("text.pem", "To whom it may concern\n" * 100), "", ""),
        "half a pfx": (file("half.pfx", whole[:len(whole) // 2]), PASSWORD, ""),
        "no key": (file("no-key.pem", certificate), "", "key"),
        "no certificate": (file("no-certificate.pem", key), "", "certificate"),
        "another certificate's key": (file("other.pem", other.key.read_text() + certificate), "", "key"),
        "damaged base64": (file("damaged.pem", key + certificate.replace("M", "*")), "", ""),
        "256 KiB and more": (file("large.pem", leaf.pem.read_bytes() + b"# " * (140 << 10)), "", "256"),
    }


def test_what_cannot_be_used_is_refused_and_changes_nothing(aloha, farm, pki, leaf, folder):
    port = ports.free_port()
    aloha.ctl("certificate", "import", leaf.pem)
    aloha.apply(tls.https_of_farm(farm, port))
    aloha.wait_serving()
    before = aloha.ctl("certificate", "show", "mail")
    for what, (file, password, word) in broken_files(pki, leaf, folder).items():
        result = aloha.raw("certificate", "import", file, "--name", "mail", "--password-stdin", input=password + "\n")
        assert result.returncode == 1 and word in result.stderr.lower(), (what, result)
        assert "Traceback" not in result.stderr and len(result.stderr) < 600, (what, result.stderr)
    after = aloha.ctl("certificate", "show", "mail")
    assert {k: v for k, v in after.items() if k != "signaturesTotal"} == \
        {k: v for k, v in before.items() if k != "signaturesTotal"}
    assert list(names(aloha)) == ["mail"]
    assert shown(port, pki) == leaf.fingerprint


def test_what_is_doubtful_is_warned_about(aloha, pki):
    expired = pki.leaf("expired", "p256", days=(-20, -2))
    assert aloha.ctl("certificate", "import", expired.pem)["certificate"]["state"] == "EXPIRED"
    later = pki.leaf("later", "p256", days=(5, 50))
    assert aloha.ctl("certificate", "import", later.pem)["certificate"]["state"] == "NOT_YET_VALID"
    own = pki.self_signed("own")
    assert aloha.ctl("certificate", "import", own.pem)["certificate"]["state"] == "SELF_SIGNED"
    alone = pki.leaf("alone", "p256")
    alone.issuers.clear()
    change = aloha.ctl("certificate", "import", alone.pem)
    assert change["warnings"], change


def test_a_certificate_is_replaced_while_downloads_run(aloha, farm, pki, leaf):
    port = ports.free_port()
    aloha.ctl("certificate", "import", leaf.pem)
    aloha.apply(tls.https_of_farm(farm, port))
    aloha.wait_serving()
    old = leaf.fingerprint
    size = 400_000

    def download(_):
        with web.Connection(port, tls=tls.client(pki), timeout=30) as c:
            return c.get(f"/owa/bytes/{size}?piece=20000&gap=100").body == web.pattern(size)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        running = [pool.submit(download, n) for n in range(20)]
        until(lambda: len(aloha.ctl("session", "list").get("sessions", [])) >= 20, what="downloads run")
        for number in range(3):
            new = pki.leaf(f"new{number}", "rsa2048" if number % 2 else "p256")
            aloha.ctl("certificate", "import", new.pem, "--name", "mail")
            assert shown(port, pki) == new.fingerprint != old, "the very next client gets it"
        assert all(r.result() for r in running)


def test_the_name_asked_for_chooses(aloha, farm, pki, leaf):
    port = ports.free_port()
    wild = pki.leaf("wild", "rsa2048", hosts=("*.wild.test",))
    ecdsa = pki.leaf("ecdsa", "p256")
    for identity in (leaf, wild, ecdsa):
        aloha.ctl("certificate", "import", identity.pem)
    aloha.apply(tls.https_of_farm(farm, port, "ecdsa", "mail", "wild"))
    aloha.wait_serving()
    rsa, ec = "ECDHE+aRSA+AESGCM", "ECDHE+aECDSA+AESGCM"
    assert shown(port, pki, HOST, rsa) == leaf.fingerprint
    assert shown(port, pki, HOST, ec) == ecdsa.fingerprint
    assert shown(port, pki, HOST, f"{rsa}:{ec}") == ecdsa.fingerprint, "the first that fits"
    assert shown(port, pki, HOST.upper(), rsa) == leaf.fingerprint
    assert shown(port, pki, "a.wild.test", rsa) == wild.fingerprint
    assert shown(port, pki, "a.b.wild.test", rsa) != wild.fingerprint, "an asterisk stands for one label"
    assert shown(port, pki, "elsewhere.test", rsa) == leaf.fingerprint, "the first usable one where none has the name"


def test_an_area_without_a_certificate_makes_its_own(aloha, farm, pki):
    port = ports.free_port()
    aloha.apply(config.exchange_servers(farm) + f"""http {{ mode: SSL_OFFLOAD host_name: "{HOST}" redirect_http_port: 0
        virtual_https_port: {port} cas_http_port: {farm.ports["http"]} }}""")
    aloha.wait_serving()
    entry = names(aloha)["self-signed"]
    assert entry["state"] == "SELF_SIGNED" and HOST in [entry["commonName"], *entry["names"]], entry
    fingerprint = shown(port, pki)
    assert fingerprint == entry["fingerprint"]
    aloha.kill()
    aloha.start()
    aloha.wait_serving()
    assert shown(port, pki) == fingerprint, "made once"


@pytest.mark.parametrize("key_type, word", [("ecdsa-p256", "P-256"), ("ecdsa-p384", "P-384"), ("rsa-2048", "2048"),
                                            ("rsa-3072", "3072")])
def test_self_signed_ones_on_request(aloha, key_type, word):
    aloha.ctl("certificate", "self-signed", "lab", "--host", "lab.example.test", "--host", "10.0.0.17", "--key-type", key_type,
              "--days", "30")
    entry = aloha.ctl("certificate", "show", "lab")
    assert word in entry["keyType"] and set(entry["names"]) == {"lab.example.test", "10.0.0.17"}, entry
    assert 29 * 86400 <= int(entry["notAfterS"]) - int(entry["notBeforeS"]) <= 32 * 86400
    pem = aloha.raw("certificate", "show", "lab", "--pem").stdout
    assert "lab.example.test" in openssl("x509", "-noout", "-text", input=pem)


def test_certificates_outlive_the_supervisor_and_a_restart(make_aloha, farm, pki, leaf):
    port = ports.free_port()
    aloha = tls.start(make_aloha, tls.https_of_farm(farm, port), [leaf])
    aloha.ctl("config", "save")
    aloha.kill()
    aloha.start()
    assert shown(port, pki) == leaf.fingerprint
    assert aloha.stop() == 0
    aloha.start()
    aloha.wait_serving()
    assert shown(port, pki) == leaf.fingerprint


def test_json_has_what_scripts_need(aloha, leaf):
    aloha.ctl("certificate", "import", leaf.pem)
    entry = json.loads(aloha.raw("-o", "json", "certificate", "show", "mail").stdout)
    for field in ("name", "state", "commonName", "names", "issuer", "notBeforeS", "notAfterS", "keyType", "fingerprint", "pem"):
        assert entry[field], field
    assert "PRIVATE" not in json.dumps(entry)
