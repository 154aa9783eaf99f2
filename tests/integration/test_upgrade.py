"""Is a session cut when the programs are replaced on disk and a new supervisor takes the workers over?"""
import pathlib
import shutil
import signal

import clients
import config
import ports
import process
import pytest
import tls
import web
from load import IdleImap
from paths import BIN
from wait import until

SESSIONS = 20


@pytest.fixture
def programs(folder):
    """A folder with copies, as dpkg replaces them: each a file of its own."""
    folder = folder / "bin"
    folder.mkdir()
    for program in BIN.iterdir():
        if program.name.startswith("aloha") and not program.name.startswith("aloha-bench"):
            shutil.copy2(program, folder)
    return folder


def replace(folder, program):
    new = folder / f"{program}.new"
    shutil.copy2(BIN / program, new)
    new.rename(folder / program)


def upgrade(aloha, folder, *changed):
    """Waits for a fresh process of each of the `changed` programs."""
    before = aloha.worker_pids()
    for program in changed:
        replace(folder, program)
    aloha.kill()
    aloha.start()
    for program in changed:
        name = program.removeprefix("aloha-")
        aloha.replaced(name, before[name])


@pytest.fixture
def upgraded(farm, start_aloha, programs):
    """The balancer after an upgrade, and sessions from before it."""
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port), bin_folder=programs)
    aloha.old = aloha.worker_pids()["proxy"]
    with IdleImap(port, SESSIONS) as idle:
        upgrade(aloha, programs, "aloha-proxy")
        assert process.alive(aloha.old)
        aloha.port, aloha.idle = port, idle
        yield aloha


def sessions(aloha):
    return aloha.ctl("session", "list").get("sessions", [])


def test_sessions_go_on_in_the_process_that_has_them(upgraded):
    assert clients.imap(upgraded.port) in ("CAS1", "CAS2")
    assert upgraded.idle.broken() == []
    exe = pathlib.Path(f"/proc/{upgraded.worker_pids()['proxy']}/exe").readlink()
    assert not str(exe).endswith("(deleted)")


def test_they_are_listed_and_counted_and_can_be_closed(upgraded):
    with IdleImap(upgraded.port, 2):
        until(lambda: len(sessions(upgraded)) == SESSIONS + 2, what="sessions of both are listed")
        listed = sessions(upgraded)
        assert len({s["id"] for s in listed}) == SESSIONS + 2
        until(lambda: sum(int(s["sessions"]) for s in upgraded.ctl("server", "list")["servers"]) == SESSIONS + 2, what="count")
        oldest = max(listed, key=lambda s: int(s["ageMs"]))
        assert upgraded.ctl("session", "close", oldest["id"])["closed"] in (1, "1")
        until(lambda: len(upgraded.idle.broken()) == 1, what="that one is closed")
        assert len(sessions(upgraded)) == SESSIONS + 1


def test_the_old_process_ends_with_its_last_session(upgraded):
    upgraded.idle.close()
    until(lambda: not process.alive(upgraded.old), what="its end")


def test_a_restart_gives_them_half_a_minute(upgraded):
    upgraded.ctl("service", "restart", "haproxy")
    assert upgraded.idle.broken() == [] and process.alive(upgraded.old)
    upgraded.ctl("service", "stop", "haproxy", "--now")
    until(lambda: not process.alive(upgraded.old), what="its end")
    assert len(upgraded.idle.broken()) == SESSIONS


def test_a_stop_waits_for_them(upgraded):
    proxy = upgraded.worker_pids()["proxy"]
    process.kill(upgraded.process.pid, signal.SIGTERM)
    until(lambda: not process.alive(proxy), what="the fresh proxy, which has none, ends")
    assert process.alive(upgraded.old) and upgraded.idle.broken() == []
    upgraded.idle.close()
    assert upgraded.process.wait(10) == 0
    assert not process.alive(upgraded.old)


UPGRADES = {
    "proxy": lambda aloha, folder: upgrade(aloha, folder, "aloha-proxy"),
    "tls and proxy": lambda aloha, folder: upgrade(aloha, folder, "aloha-tls", "aloha-proxy"),
    "proxy twice": lambda aloha, folder: [upgrade(aloha, folder, "aloha-proxy") for _ in range(2)],
    "restart": lambda aloha, folder: aloha.ctl("service", "restart", "haproxy"),
}


@pytest.mark.parametrize("what", UPGRADES)
def test_tls_begins_in_the_old_process(make_farm, make_aloha, pki, programs, what):
    """Sessions from before that ask for TLS afterwards: two clients, and towards a server."""
    farm = make_farm(arguments=("--certificate", pki.leaf("server", "p256").pem))
    port = {name: ports.free_port() for name in ("imap", "smtp", "web")}
    mail = "".join(f'{kind} {{ mode: CLEAR virtual_port: {port[kind]} server_port: {farm.ports[kind]} '
                   f'certificate: "mail" starttls: REQUIRED }}\n' for kind in ("imap", "smtp"))
    servers = [config.server(s, *farm.server(s, "https"), extra="tls { verify: NONE }") for s in farm.servers("CAS")]
    bridge = config.http_service("web", port["web"], servers, check="tcp {}", listener=tls.listener("mail"))
    aloha = tls.start(make_aloha, config.exchange_servers(farm) + mail + bridge, [pki.leaf("mail", "rsa2048")],
                      bin_folder=programs)
    old, context = aloha.worker_pids()["proxy"], tls.client(pki)
    with clients.Line(port["imap"]) as imap, clients.Line(port["smtp"]) as smtp, \
            web.Connection(port["web"], tls=context) as bridged:
        imap.read()
        smtp.read()
        smtp.ask("EHLO me", until="250 ")
        bridged.send(f"GET /owa/bytes/10 HTTP/1.1\r\nHost: {web.HOST}\r\n")
        UPGRADES[what](aloha, programs)
        assert process.alive(old)

        assert imap.ask("a STARTTLS").startswith("a OK")
        imap.start_tls(context)
        assert imap.ask("b LOGIN user secret", until="b ").startswith("b OK")
        assert smtp.ask("STARTTLS").startswith("220")
        smtp.start_tls(context)
        smtp.ask("EHLO me", until="250 ")
        assert smtp.ask("NOOP").startswith("250")
        bridged.send("\r\n")
        assert bridged.read().body == web.pattern(10)

        with web.Connection(port["web"], tls=context) as fresh:
            assert fresh.get("/owa/bytes/10").body == web.pattern(10)
        assert imap.ask("c NOOP", until="c ").startswith("c OK")
