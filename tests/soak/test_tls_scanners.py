"""What do scanners find that look for weaknesses of TLS? Their summaries are printed (pytest -s)."""
import json
import re
import subprocess

import ports
import pytest
import tls
import wui
from pki import HOST

# What the servers' pages send, not TLS.
OF_THE_APPLICATION = {"security_headers", "banner_server", "banner_application", "cookie_count"}
# What the scanner could not look at.
OF_THE_SCANNER = {"engine_problem"}
HSTS = 'response_header { name: "Strict-Transport-Security" value: "max-age=31536000" }'


@pytest.fixture(scope="module", params=["MODERN", "INTERMEDIATE", "LEGACY"])
def site(request, module_farm, pki, make_module_aloha):
    port = ports.free_port()
    text = tls.https_of_farm(module_farm, port, "ecdsa", "mail", profile=request.param, extra=HSTS)
    aloha = tls.start(make_module_aloha, text, [pki.leaf("mail", "rsa2048"), pki.leaf("ecdsa", "p256")])
    aloha.port, aloha.profile, aloha.pki = port, request.param, pki
    yield aloha
    aloha.stop()


def test_testssl(site, tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", site.pki.ca, "--jsonfile",
                           report, "--ip", "127.0.0.1", "--nodns", "none", f"https://{HOST}:{site.port}"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1200)
    findings = [f for f in json.loads(report.read_text()) if f["id"] not in OF_THE_APPLICATION | OF_THE_SCANNER]
    assert len(findings) > 100, done.stdout[-2000:]
    notable = [f"{f['severity']} {f['id']}: {f['finding']}" for f in findings if f["severity"] not in ("OK", "INFO")]
    rating = [f"{f['id']}: {f['finding']}" for f in findings if f["id"].startswith(("overall_grade", "final_score"))]
    print(f"\ntestssl.sh, {site.profile}: {len(findings)} findings, {rating or 'this version gives no grade'}", *notable, sep="\n  ")
    # LEGACY offers what it is there for: TLS 1.0, 1.1 and CBC.
    bad = [text for text in notable if text.split()[0] not in ("LOW", "WARN")]
    assert site.profile == "LEGACY" or bad == []
    assert not [text for text in notable if text.startswith(("CRITICAL", "FATAL"))]


def test_sslscan(site):
    done = subprocess.run(["sslscan", "--no-colour", f"--sni-name={HOST}", f"127.0.0.1:{site.port}"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    print(f"\nsslscan, {site.profile}:\n{done.stdout}")
    enabled = set(re.findall(r"^(\S+)\s+enabled$", done.stdout, re.MULTILINE))
    assert enabled == {"MODERN": {"TLSv1.3"}, "INTERMEDIATE": {"TLSv1.2", "TLSv1.3"},
                       "LEGACY": {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}}[site.profile]
    suites = re.findall(r"^(?:Preferred|Accepted)\s+\S+\s+\d+ bits\s+(\S+)", done.stdout, re.MULTILINE)
    assert suites and all(s.startswith(("ECDHE-", "TLS_AES_", "TLS_CHACHA20_")) for s in suites), suites
    assert "vulnerable" not in done.stdout.replace("not vulnerable", "")


def test_the_web_interface(make_module_aloha, tmp_path):
    """testssl.sh, sslscan and nmap on the port of administrators."""
    aloha = wui.start(make_module_aloha)
    report, authority = tmp_path / "report.json", tmp_path / "ca.pem"
    authority.write_text(aloha.raw("certificate", "show", "wui", "--pem").stdout)
    subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", authority, "--jsonfile", report,
                    "--ip", "127.0.0.1", "--nodns", "none", f"https://localhost:{aloha.web}"],
                   capture_output=True, stdin=subprocess.DEVNULL, timeout=1200)
    findings = [f for f in json.loads(report.read_text()) if f["id"] not in OF_THE_SCANNER]
    assert len(findings) > 100
    # A certificate that nobody else signed has no revocation, and no record in CAA or a log.
    notable = [f"{f['severity']} {f['id']}: {f['finding']}" for f in findings
               if f["severity"] not in ("OK", "INFO", "LOW", "WARN") and not f["id"].startswith("cert_")]
    assert notable == [], notable
    done = subprocess.run(["sslscan", "--no-colour", f"127.0.0.1:{aloha.web}"], capture_output=True, text=True, timeout=120)
    assert set(re.findall(r"^(\S+)\s+enabled$", done.stdout, re.MULTILINE)) == {"TLSv1.2", "TLSv1.3"}
    done = subprocess.run(["nmap", "-Pn", "-n", "-p", str(aloha.web), "--script", "ssl-enum-ciphers,http-methods,http-headers",
                           "127.0.0.1"], capture_output=True, text=True, timeout=120)
    print(done.stdout)
    assert done.returncode == 0 and "least strength: A" in done.stdout, done.stdout


def test_renegotiation_is_refused(site):
    """Asked for in earnest: sslscan takes the announcement of RFC 5746 for the ability with old versions."""
    for version in {"MODERN": (), "INTERMEDIATE": ("tls1_2",), "LEGACY": ("tls1", "tls1_1", "tls1_2")}[site.profile]:
        client = subprocess.Popen(["openssl", "s_client", f"-{version}", "-cipher", "ALL:@SECLEVEL=0", "-connect",
                                   f"127.0.0.1:{site.port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        while b"Verify return code" not in client.stdout.readline():
            pass
        said = client.communicate(b"R\n", timeout=20)[0]
        assert b"RENEGOTIATING" in said and b"alert no renegotiation" in said, (version, said)
