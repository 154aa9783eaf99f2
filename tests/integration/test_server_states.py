"""What do drain, maintenance, ready and a server that goes down do to its sessions?"""
import clients
import config
import ports
import pytest
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port)
                        + config.of_farm(farm, "pop3", "box", ports.free_port()))
    aloha.farm, aloha.port = farm, port
    return aloha


def session_on(port, name):
    """A session on the server of that name."""
    for _ in range(4):
        line = clients.Line(port)
        if name in line.read():
            return line
        line.close()
    raise AssertionError(f"no session on {name}")


def alive(line):
    try:
        return line.ask("a NOOP", until="a ").startswith("a OK")
    except OSError:
        return False


def test_drain_takes_nothing_new_and_keeps_sessions(running):
    with session_on(running.port, "CAS1") as line:
        running.ctl("server", "drain", "mail/CAS1")
        assert {clients.imap(running.port) for _ in range(6)} == {"CAS2"}
        assert alive(line)
        assert running.server("mail", "CAS1")["adminState"] == "DRAIN"
        assert running.server("box", "CAS1")["adminState"] == "READY"
        running.ctl("server", "ready", "mail/CAS1")
        assert {clients.imap(running.port) for _ in range(6)} == {"CAS1", "CAS2"}


def test_maintenance_closes_sessions(running):
    with session_on(running.port, "CAS1") as line, session_on(running.port, "CAS2") as other:
        running.ctl("server", "maintenance", "mail/CAS1")
        until(lambda: not alive(line), 3, "the session is closed")
        assert alive(other)
        assert {clients.imap(running.port) for _ in range(6)} == {"CAS2"}


def test_drain_wait_returns_when_the_last_session_ends(running):
    line = session_on(running.port, "CAS1")
    waiting = running.raw("--timeout", "0.5", "server", "drain", "mail/CAS1", "--wait")
    assert waiting.returncode != 0, "a session was still there"
    line.close()
    assert running.raw("--timeout", "10", "server", "drain", "mail/CAS1", "--wait").returncode == 0


def test_a_bare_name_means_all_its_services(running):
    running.ctl("server", "maintenance", "CAS1")
    for service in ("mail", "box"):
        assert running.server(service, "CAS1")["adminState"] == "MAINTENANCE"
        assert running.server(service, "CAS2")["adminState"] == "READY"


def test_the_state_survives_apply_restart_and_a_killed_supervisor(running):
    running.ctl("server", "maintenance", "mail/CAS1")
    running.apply(running.file.read_text() + 'version_note: "other"')
    assert running.server("mail", "CAS1")["adminState"] == "MAINTENANCE"
    running.kill()
    running.start()
    assert running.server("mail", "CAS1")["adminState"] == "MAINTENANCE"
    running.stop()
    running.start()
    running.wait_serving()
    assert running.server("mail", "CAS1")["adminState"] == "MAINTENANCE"
    assert {clients.imap(running.port) for _ in range(4)} == {"CAS2"}


def test_an_unknown_server_is_refused(running):
    result = running.raw("server", "drain", "mail/NOBODY")
    assert result.returncode == 1 and "NOBODY" in result.stderr


def test_a_server_that_goes_down_loses_its_sessions(running):
    with session_on(running.port, "CAS1") as line, session_on(running.port, "CAS2") as other:
        running.farm("stall CAS1 imap")  # frozen: the connection itself stays open
        running.wait_check("mail", "CAS1", "DOWN")
        running.farm("ok CAS1 imap")
        until(lambda: not alive(line), 3, "the session is closed")
        assert alive(other)
