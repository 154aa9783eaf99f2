"""Do stunnel, certificates and ticket keys do what an administrator expects, whatever dies?"""
import contextlib
import hashlib
import ssl
import urllib.request

import clients
import config
import metric_names
import pki
import ports
import process
import pytest
from aloha import Refused
from load import IdleImap, Load
from wait import until


@pytest.fixture(scope="module")
def certificates(module_folder):
    folder = module_folder / "pki"
    folder.mkdir()
    return pki.Pki(folder)


def imap_area(farm, port, certificate=""):
    """IMAP over TLS that ends at the balancer."""
    named = f'certificate: "{certificate}"' if certificate else ""
    return config.exchange_servers(farm) + f"""
imap {{ mode: SSL_OFFLOAD virtual_ssl_port: {port} server_port: {farm.ports["imap"]} {named} }}
"""


@pytest.fixture
def running(farm, start_aloha):
    """IMAP over TLS with a self-signed certificate, nothing imported."""
    port = ports.free_port()
    aloha = start_aloha(imap_area(farm, port))
    aloha.farm, aloha.port = farm, port
    return aloha


def imaps(aloha):
    return clients.imap(aloha.port, tls=True)


def shown(port):
    """SHA-256 of the certificate that a new client sees."""
    with clients.Line(port, tls=True) as line:
        return hashlib.sha256(line.socket.getpeercert(binary_form=True)).hexdigest()


def resumed(port, session=None):
    """One dialogue; whether it resumed `session`, and a session to resume."""
    context = clients.unverified()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its tickets come with the handshake
    with clients.Line(port) as line:
        line.socket = context.wrap_socket(line.socket, server_hostname=pki.HOST, session=session)
        line.read()
        return line.socket.session_reused, (line.socket.session, context)


def resumes(port, held):
    session, context = held
    with clients.Line(port) as line:
        line.socket = context.wrap_socket(line.socket, server_hostname=pki.HOST, session=session)
        line.read()
        return line.socket.session_reused


def another(aloha, name, old):
    return until(lambda: (pid := aloha.worker_pids().get(name)) not in (None, old) and pid, 10, f"another {name}")


def test_tls_is_served_from_the_first_start(running):
    assert imaps(running) in ("CAS1", "CAS2")
    service = running.service("stunnel")
    assert service["state"] == "OK" and sorted(service["workers"]) == ["keys", "tls"], service
    own = running.ctl("certificate", "show", "self-signed")
    assert own["state"] == "SELF_SIGNED" and own["usedBy"] == ["imap.certificate"], own
    assert own["fingerprint"] == shown(running.port)
    assert any("self-signed" in event["object"] for event in running.ctl("event", "list")["events"])


def test_stunnel_stops_and_starts_and_sessions_live_on(running):
    with IdleImap(running.port, 5, tls=True) as idle:
        running.ctl("service", "stop", "stunnel")
        with pytest.raises(ConnectionRefusedError):
            imaps(running)
        service = running.service("stunnel")
        assert service["state"] == "NOK" and "stopped by" in service["reason"], service
        until(lambda: "tls" not in running.worker_pids(), what="aloha-tls ends")
        assert running.service("haproxy")["state"] == "OK"
        assert idle.broken() == []
        # It stays stopped when the supervisor dies.
        running.kill()
        running.start()
        assert running.service("stunnel")["state"] == "NOK"
        with pytest.raises(ConnectionRefusedError):
            imaps(running)
        running.ctl("service", "start", "stunnel")
        assert imaps(running)
        assert idle.broken() == []
    assert running.service("stunnel")["state"] == "OK"


def test_restart_of_stunnel_refuses_nobody(running):
    before = running.worker_pids()
    with IdleImap(running.port, 5, tls=True) as idle, Load(lambda: imaps(running)) as load:
        until(lambda: load.done > 20)
        running.ctl("service", "restart", "stunnel")
        done = load.done
        until(lambda: load.done > done + 20)
        assert idle.broken() == []
    assert load.errors == []
    after = running.worker_pids()
    assert after["tls"] != before["tls"] and after["keys"] != before["keys"]
    assert after["proxy"] == before["proxy"]


def test_haproxy_stopped_serves_no_tls(running):
    running.ctl("service", "stop", "haproxy", "--now")
    with pytest.raises(ConnectionRefusedError):
        imaps(running)
    running.ctl("service", "start", "haproxy")
    until(lambda: imaps(running), what="it serves again")


def test_stunnel_not_in_use(farm, start_aloha):
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", ports.free_port()))
    assert aloha.service("stunnel")["state"] == "NOT_IN_USE"
    workers = aloha.worker_pids()
    assert "keys" in workers and "tls" not in workers, "certificates can be imported, handshakes are nobody's"
    result = aloha.raw("service", "restart", "stunnel")
    assert result.returncode == 1 and "not in use" in result.stderr


def test_a_listener_changes_between_clear_and_tls(farm, start_aloha):
    port = ports.free_port()
    clear = config.exchange_servers(farm) + \
        f'imap {{ mode: CLEAR virtual_port: {port} server_port: {farm.ports["imap"]} }}'
    aloha = start_aloha(clear)
    with IdleImap(port, 3) as plain:
        aloha.apply(imap_area(farm, port))
        until(lambda: clients.imap(port, tls=True), what="TLS on that port")
        with IdleImap(port, 3, tls=True) as encrypted:
            aloha.apply(clear)
            until(lambda: clients.imap(port), what="clear text again")
            assert encrypted.broken() == []
        assert plain.broken() == []
    until(lambda: "tls" not in aloha.worker_pids(), 15, "aloha-tls ends")


@pytest.mark.parametrize("name", ["tls", "keys"])
def test_a_killed_worker_costs_no_session(running, name):
    with IdleImap(running.port, 20, tls=True) as idle:
        old = running.worker_pids()[name]
        process.kill(old)
        another(running, name, old)
        until(lambda: imaps(running), 5, "handshakes go on")
        assert idle.broken() == []


def test_kill_9_of_the_supervisor_and_adoption(running):
    before = running.worker_pids()
    with IdleImap(running.port, 5, tls=True) as idle, Load(lambda: imaps(running)) as load:
        running.kill()
        until(lambda: imaps(running), what="workers serve alone")
        running.start()
        until(lambda: running.workers()["tls"].get("adopted"), what="workers are adopted")
        until(lambda: load.done > 20)
        assert idle.broken() == []
    assert load.errors == []
    after = running.worker_pids()
    assert {n: p for n, p in after.items() if n != "supervisor"} == \
        {n: p for n, p in before.items() if n != "supervisor"}
    # The new supervisor is in charge of them.
    running.ctl("certificate", "self-signed", "self-signed", "--host", "new.example.test")
    until(lambda: running.ctl("certificate", "show", "self-signed")["fingerprint"] == shown(running.port))


def test_tickets_outlive_every_process(running):
    assert not resumed(running.port)[0]
    _, held = resumed(running.port)
    assert resumes(running.port, held)
    old = running.worker_pids()["tls"]
    process.kill(old)
    another(running, "tls", old)
    assert until(lambda: resumes(running.port, held)), "a new aloha-tls resumes what the old one began"
    running.stop()
    running.start()
    running.wait_serving()
    assert resumes(running.port, held), "and so does one of another supervisor"
    assert (running.run / "ticket-keys.textproto").stat().st_mode & 0o777 == 0o600


def test_an_import_replaces_what_clients_see_and_drops_nobody(running, certificates):
    first, second = certificates.leaf("first"), certificates.leaf("second", key="p256")
    running.ctl("certificate", "import", first.pem, "--name", "mail")
    running.apply(imap_area(running.farm, running.port, "mail"))
    until(lambda: shown(running.port) == first.fingerprint)
    with IdleImap(running.port, 5, tls=True) as idle, Load(lambda: imaps(running)) as load:
        until(lambda: load.done > 10)
        changed = running.ctl("certificate", "import", second.pem, "--name", "mail")
        assert changed["certificate"]["fingerprint"] == second.fingerprint
        until(lambda: shown(running.port) == second.fingerprint)
        done = load.done
        until(lambda: load.done > done + 10)
        assert idle.broken() == []
    assert load.errors == []
    entry = running.ctl("certificate", "show", "mail")
    assert entry["state"] == "VALID" and entry["signaturesTotal"] not in (0, "0"), entry
    assert entry["pem"] == "".join(second.chain()), "what openssl wrote, byte for byte"
    def kept():
        return "".join(path.name for path in (running.state / "keys").iterdir())

    assert second.pin.hex() in kept()
    until(lambda: first.pin.hex() not in kept(), 20, "the replaced private key goes after the last handshake with it")


def test_handshakes_are_counted(farm, start_aloha):
    port, metrics = ports.free_port(), ports.free_port()
    aloha = start_aloha(imap_area(farm, port) + f"management {{ metrics {{ enabled: true port: {metrics} }} }}")
    _, held = resumed(port)
    assert resumes(port, held)
    for _ in range(3):
        clients.imap(port, tls=True)
    with pytest.raises(OSError):
        with clients.Line(port) as line:
            line.ask("this is no TLS")
    stats = until(lambda: (s := aloha.ctl("stats", "show"))["tlsListeners"][0].get("failedTotal") and s)
    listener = stats["tlsListeners"][0]
    assert listener["name"] == f"127.0.0.1:{port}" and int(listener["resumedTotal"]) == 1, listener
    assert sum(int(h["total"]) for h in listener["handshakes"]) == 5, listener
    own = aloha.ctl("certificate", "show", "self-signed")
    answer = urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5).read().decode()
    metric_names.assert_documented(answer)
    lines = answer.splitlines()
    assert f'aloha_certificate_expiry_seconds{{certificate="self-signed"}} {own["notAfterS"]}' in lines
    assert 'aloha_key_signatures_total{certificate="self-signed"} 4' in lines, "one was resumed"
    assert f'aloha_tls_handshake_duration_seconds_count{{listener="127.0.0.1:{port}"}} 5' in lines
    assert any("aloha_tls_handshake_failures_total" in line and "not_tls" in line for line in lines)
    aloha.ctl("stats", "reset")
    assert not aloha.ctl("stats", "show")["tlsListeners"][0].get("handshakes")


def test_what_is_in_use_is_not_deleted(running, certificates):
    running.ctl("certificate", "import", certificates.leaf("used").pem, "--name", "mail")
    running.apply(imap_area(running.farm, running.port, "mail"))
    with pytest.raises(Refused, match="imap.certificate"):
        running.ctl("certificate", "delete", "mail")
    running.ctl("config", "save")
    running.apply(imap_area(running.farm, running.port))
    with pytest.raises(Refused, match="imap.certificate"):  # of the saved one
        running.ctl("certificate", "delete", "mail")
    running.ctl("config", "save")
    running.ctl("certificate", "delete", "mail")
    names = [c["name"] for c in running.ctl("certificate", "list")["certificates"]]
    assert names == ["self-signed"]
    with pytest.raises(Refused, match="mail"):
        running.ctl("certificate", "show", "mail")


def test_a_missing_certificate_is_refused_by_name_and_awaited_at_the_start(farm, make_aloha, certificates):
    port, clear = ports.free_port(), ports.free_port()
    text = imap_area(farm, port, "mail") + config.of_farm(farm, "pop3", "other", clear)
    aloha = make_aloha(text)
    aloha.start()
    until(lambda: clients.pop3(clear), what="what needs no certificate is served")
    with pytest.raises(ConnectionRefusedError):
        clients.imap(port, tls=True)
    service = aloha.service("stunnel")
    assert service["state"] == "NOK" and '"mail"' in service["reason"], service
    file = aloha.folder / "more.textproto"
    file.write_text(text.replace('"mail"', '"mial"'))
    result = aloha.raw("config", "apply", file)
    assert result.returncode == 1 and '"mial"' in result.stderr, result.stderr
    aloha.ctl("certificate", "import", certificates.leaf("late").pem, "--name", "mail")
    until(lambda: clients.imap(port, tls=True), what="the listener opens")
    assert aloha.service("stunnel")["state"] == "OK"


def test_certificates_from_files_are_followed(farm, make_aloha, certificates, folder):
    secrets = folder / "secrets"
    (secrets / "mail").mkdir(parents=True)
    first, second = certificates.leaf("file1"), certificates.leaf("file2")
    path = secrets / "mail" / "mail.pem"
    path.write_bytes(first.pem.read_bytes())
    port = ports.free_port()
    aloha = make_aloha('certificate_file { name: "vault" path: "mail/mail.pem" }' + imap_area(farm, port, "vault"),
                       arguments=("--secrets-dir", secrets))
    aloha.start()
    until(lambda: shown(port) == first.fingerprint, what="the file is read")
    entry = aloha.ctl("certificate", "show", "vault")
    assert entry["file"] == "mail/mail.pem" and entry["state"] == "VALID", entry
    with IdleImap(port, 3, tls=True) as idle:
        path.write_text("nonsense")
        until(lambda: aloha.ctl("certificate", "show", "vault").get("problem"), what="the broken file is told")
        assert shown(port) == first.fingerprint, "and what was read before stays"
        path.write_bytes(second.pem.read_bytes())
        until(lambda: shown(port) == second.fingerprint, what="the new file is used")
        assert not aloha.ctl("certificate", "show", "vault").get("problem")
        assert idle.broken() == []
    with pytest.raises(Refused, match="mail/mail.pem"):
        aloha.ctl("certificate", "import", first.pem, "--name", "vault")


def test_expiry_is_told_once_for_each_threshold(running, certificates):
    def told():
        return [e["text"] for e in running.ctl("event", "list", "--lines", 1000)["events"] if e["object"] == "mail"
                and "expire" in e["text"]]

    soon, gone = certificates.leaf("soon", days=(-20, 5)), certificates.leaf("gone", days=(-20, -1))
    running.ctl("certificate", "import", soon.pem, "--name", "mail")
    assert told() == [], "nobody uses it yet"
    running.apply(imap_area(running.farm, running.port, "mail"))
    running.kill()
    running.start()
    running.kill()
    running.start()
    assert len(until(told)) == 1 and "within 7 days" in told()[0]
    running.ctl("certificate", "import", gone.pem, "--name", "mail")
    assert len(told()) == 2 and any("expired on" in text for text in told()), told()
    assert running.ctl("certificate", "show", "mail")["state"] == "EXPIRED"


def test_trust_anchors_prove_servers(make_farm, start_aloha, certificates, folder):
    ours = certificates.leaf("server", hosts=("cas.example.test",))
    farm = make_farm(arguments=("--certificate", ours.pem))
    port = ports.free_port()

    def bridge(server_tls):
        return config.exchange_servers(farm) + f"""
imap {{ mode: SSL_BRIDGE virtual_ssl_port: {port} server_ssl_port: {farm.ports["imaps"]} server_tls {{ {server_tls} }} }}
"""

    aloha = start_aloha(bridge("verify: NONE"))
    until(lambda: clients.imap(port, tls=True), what="without proof")
    file = folder / "bad.textproto"
    file.write_text(bridge('ca: "corp"'))
    assert '"corp"' in aloha.raw("config", "apply", file).stderr
    aloha.ctl("ca", "import", certificates.ca, "--name", "corp")
    aloha.apply(bridge('ca: "corp" server_name: "cas.example.test"'))
    until(lambda: clients.imap(port, tls=True), what="proved by the trust anchor")
    with pytest.raises(Refused, match="imap.server_tls.ca"):
        aloha.ctl("ca", "delete", "corp")
    aloha.apply(bridge('ca: "corp" server_name: "other.example.test"'))
    with contextlib.suppress(OSError):
        pytest.fail(f"{clients.imap(port, tls=True)} has another name")
    aloha.apply(bridge(f'verify: PIN pin_sha256: "{ours.pin.hex()}"'))
    until(lambda: clients.imap(port, tls=True), what="proved by its key")
    aloha.ctl("config", "save")
    aloha.ctl("ca", "delete", "corp")


def test_a_lost_private_key_costs_its_listener_alone(farm, start_aloha):
    port, clear = ports.free_port(), ports.free_port()
    aloha = start_aloha(imap_area(farm, port) + config.of_farm(farm, "pop3", "other", clear))
    aloha.ctl("config", "save")
    aloha.stop()
    keys = [path for path in (aloha.state / "keys").iterdir() if "seal" not in path.name]
    assert keys
    for path in keys:
        path.unlink()
    aloha.start()
    aloha.wait_serving()
    assert clients.pop3(clear)
    assert aloha.ctl("certificate", "show", "self-signed")["state"] == "NO_KEY"
    with pytest.raises(OSError):
        clients.imap(port, tls=True)
    aloha.ctl("certificate", "self-signed", "self-signed", "--host", "mail.example.test")
    until(lambda: clients.imap(port, tls=True), what="a new certificate mends it")
