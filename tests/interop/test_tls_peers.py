"""Do clients that others wrote get along with TLS that ends here: every version, suite, kind of key, full and resumed,
100 MB both ways?

ALOHA_BALANCER=haproxy puts HAProxy there instead, which shows whether the test is right."""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import front
import ports
import process
import pytest
import tls
import web
from pki import HOST

SIZE = 100_000_000
HERE = pathlib.Path(__file__).parent

# What the INTERMEDIATE profile offers: version, kind of key, and the suite as OpenSSL and as the IANA call it.
SUITES_12 = [("TLSv1.2", kind, f"ECDHE-{kind}-{name}", f"TLS_ECDHE_{kind}_WITH_{iana}") for kind in ("RSA", "ECDSA")
             for name, iana in (("AES128-GCM-SHA256", "AES_128_GCM_SHA256"), ("AES256-GCM-SHA384", "AES_256_GCM_SHA384"),
                                ("CHACHA20-POLY1305", "CHACHA20_POLY1305_SHA256"))]
SUITES_13 = [("TLSv1.3", kind, name, name) for kind in ("RSA", "ECDSA")
             for name in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")]
SUITES = SUITES_12 + SUITES_13
NAMES = [f"{version} {kind} {iana}" for version, kind, _, iana in SUITES]
GNUTLS = {"AES128-GCM-SHA256": "AES-128-GCM", "AES256-GCM-SHA384": "AES-256-GCM", "CHACHA20-POLY1305": "CHACHA20-POLY1305",
          "TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
          "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}


class Site:
    """`port`: by kind of key."""

    def __init__(self, farm, pki, folder, make):
        self.farm, self.pki, self.folder = farm, pki, folder
        self.identities = {"RSA": pki.leaf("rsa", "rsa2048"), "ECDSA": pki.leaf("ecdsa", "p256")}
        self.port = {kind: ports.free_port() for kind in self.identities}
        self.process = None
        if front.KIND == "haproxy":
            binds = "\n  ".join(f"bind 127.0.0.1:{self.port[k]} ssl crt {i.pem}" for k, i in self.identities.items())
            self.process, _ = front.haproxy(folder, front.cas(farm), binds)
        else:
            text = "".join(tls.https_of_farm(farm, self.port[k], i.name, name=i.name) for k, i in self.identities.items())
            self.aloha = tls.start(make, text, self.identities.values())

    def stop(self):
        if self.process:
            process.stop(self.process)


@pytest.fixture(scope="module")
def site(module_farm, pki, module_folder, make_module_aloha):
    site = Site(module_farm, pki, module_folder, make_module_aloha)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def digest():
    return hashlib.sha256(web.pattern(SIZE)).hexdigest()


def run(*command, timeout=120, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, timeout=timeout, **options)


def request(target, close=True):
    return f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n{'Connection: close' if close else ''}\r\n\r\n".encode()


@pytest.mark.parametrize("version, kind, suite, iana", SUITES, ids=NAMES)
def test_openssl(site, tmp_path, version, kind, suite, iana):
    session = tmp_path / "session"
    choose = ["-tls1_3", "-ciphersuites", suite] if version == "TLSv1.3" else ["-tls1_2", "-cipher", suite]

    def connect(*options):
        done = run("openssl", "s_client", "-connect", f"127.0.0.1:{site.port[kind]}", "-servername", HOST, "-CAfile",
                   site.pki.ca, "-verify_return_error", *choose, "-ign_eof", *options, input=request("/owa/bytes/1000"))
        text = done.stdout.decode("latin-1")
        assert done.returncode == 0 and "Verify return code: 0 (ok)" in text, text[-1500:] + done.stderr.decode()[-500:]
        assert web.pattern(1000) in done.stdout and f"Cipher is {suite}" in text
        return text
    assert "\nNew, " in connect("-sess_out", session)
    assert "\nReused, " in connect("-sess_in", session)


@pytest.mark.parametrize("version, kind, suite, iana", SUITES, ids=NAMES)
def test_gnutls(site, version, kind, suite, iana):
    cipher = GNUTLS[suite.removeprefix(f"ECDHE-{kind}-")]
    exchange = "" if version == "TLSv1.3" else f":-KX-ALL:+ECDHE-{kind}"
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version[4:]}:-CIPHER-ALL:+{cipher}{exchange}"
    done = run("gnutls-cli", "--resume", "--waitresumption", "--x509cafile", site.pki.ca, "--sni-hostname", HOST, "--verify-hostname", HOST,
               "--priority", priority, "-p", site.port[kind], "127.0.0.1", input=request("/owa/bytes/1000"))
    text = done.stdout.decode("latin-1")
    assert done.returncode == 0 and web.pattern(1000) in done.stdout, text[-1500:] + done.stderr.decode()[-500:]
    assert f"(TLS{version[4:]}" in text and f"({cipher})" in text, text[:3000]
    assert "This is a resumed session" in text and "certificate is trusted" in text


@pytest.mark.parametrize("version, kind, suite, iana", SUITES, ids=NAMES)
def test_curl_100_mb_both_ways(site, tmp_path, digest, version, kind, suite, iana):
    choose = ["--tlsv1.3", "--tls13-ciphers", suite] if version == "TLSv1.3" else ["--tls-max", "1.2", "--ciphers", suite]
    common = ["curl", "-sS", "--cacert", site.pki.ca, "--connect-to", f"::127.0.0.1:{site.port[kind]}", "--max-time", 100, *choose]
    done = run(*common, f"https://{HOST}/owa/bytes/{SIZE}")
    assert done.returncode == 0 and hashlib.sha256(done.stdout).hexdigest() == digest, done.stderr
    file = tmp_path / "upload"
    file.write_bytes(web.pattern(SIZE))
    # The second request comes on the connection of the first.
    done = run(*common, "-H", "Expect:", "--data-binary", f"@{file}", "-w", "\n%{num_connects}\n", *[f"https://{HOST}/owa/upload"] * 2)
    first, connects, second, again = done.stdout.decode().split()
    assert json.loads(first)["sha256"] == json.loads(second)["sha256"] == digest, done.stderr
    assert (connects, again) == ("1", "0")


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_python_100_mb_both_ways(site, digest, version, kind):
    context = tls.client(site.pki, version)
    session = None
    for number in range(3):
        with web.Connection(site.port[kind], tls=context, session=session, timeout=60) as c:
            down = hashlib.sha256()
            c.ask(target=f"/owa/bytes/{SIZE if number == 0 else 1000}")
            c.read(into=down.update)
            assert number or down.hexdigest() == digest
            body = web.pattern(SIZE) if number == 1 else b"x"
            answer = json.loads(c.get("/owa/upload", method="POST", body=body).text)
            assert answer["sha256"] == hashlib.sha256(body).hexdigest()
            assert c.socket.session_reused == (number > 0) and c.socket.version() == version
            session = c.socket.session


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_java(site, digest, version, kind):
    if shutil.which("java") is None:
        pytest.skip("java is not installed: deploy/install-deps")
    suites = [iana for v, k, _, iana in SUITES if (v, k) == (version, kind)]
    done = run("java", HERE / "TlsClient.java", site.port[kind], site.pki.ca, SIZE, version, *suites, timeout=300, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    zeros = hashlib.sha256(bytes(SIZE)).hexdigest()
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == suites, lines
    for line in lines:
        assert f" {version} resumed=true down={digest} up=" in line and f'"sha256":"{zeros}"' in line, line


PAGE = """<html><body><script>
const hex = b => [...new Uint8Array(b)].map(x => x.toString(16).padStart(2, '0')).join('');
fetch('https://HOST/owa/bytes/SIZE').then(r => r.arrayBuffer()).then(b => crypto.subtle.digest('SHA-256', b))
  .then(b => document.body.innerText = 'down=' + hex(b))
  .then(() => fetch('https://HOST/owa/upload', {method: 'POST', body: new Uint8Array(SIZE)})).then(r => r.json())
  .then(j => document.body.innerText += ' up=' + j.sha256)
  .catch(e => document.body.innerText = 'failed: ' + e);
</script></body></html>"""


@pytest.mark.parametrize("version", ["tls1.2", "tls1.3"])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_chromium(site, tmp_path, digest, version, kind):
    """The browser accepts the test's certificate by its key, and a page of a file may fetch what it likes."""
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed: deploy/install-deps")
    page = tmp_path / "page.html"
    page.write_text(PAGE.replace("HOST", HOST).replace("SIZE", str(SIZE)))
    flags = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
             f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{site.port[kind]}", f"--ssl-version-max={version}",
             "--disable-web-security", "--virtual-time-budget=100000", "--dump-dom",
             "--ignore-certificate-errors-spki-list=" + base64.b64encode(site.identities[kind].pin).decode()]
    if os.getuid() == 0:
        flags.append("--no-sandbox")
    done = run("chromium", *flags, page.as_uri(), text=True)
    zeros = hashlib.sha256(bytes(SIZE)).hexdigest()
    assert f"down={digest} up={zeros}" in done.stdout, done.stdout[-500:] + done.stderr[-1500:]
