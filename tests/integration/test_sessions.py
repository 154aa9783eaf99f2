"""Does what alohactl says of sessions, statistics, log and events agree with the traffic?"""
import clients
import config
import ports
import pytest
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port))
    aloha.farm, aloha.port = farm, port
    return aloha


def test_sessions_are_listed_and_closed(running):
    lines = [clients.Line(running.port, source=f"127.0.3.{n}") for n in range(1, 5)]
    names = [clients._name(line.read()) for line in lines]
    sessions = running.ctl("session", "list")["sessions"]
    by_client = {s["client"].rsplit(":", 1)[0]: s for s in sessions}
    for number, name in enumerate(names, 1):
        session = by_client[f"127.0.3.{number}"]
        assert (session["virtualService"], session["server"], session["state"]) == ("mail", name, "established")
    running.ctl("session", "close", by_client["127.0.3.1"]["id"])
    with pytest.raises(OSError):
        lines[0].ask("a NOOP")
    assert lines[1].ask("a NOOP", until="a ").startswith("a OK")
    running.ctl("session", "close", "--server", names[1])
    with pytest.raises(OSError):
        lines[1].ask("a NOOP")
    left = running.ctl("session", "list").get("sessions", [])
    assert all(s["server"] != names[1] for s in left)
    for line in lines:
        line.close()


def traffic(aloha):
    service = next(s for s in aloha.ctl("stats", "show")["virtualServices"] if s["name"] == "mail")
    return service["traffic"], {s["name"]: s["traffic"] for s in service["servers"]}


def test_statistics_count_sessions_and_bytes(running):
    running.ctl("stats", "reset")
    for _ in range(10):
        clients.imap(running.port)
    until(lambda: int(traffic(running)[0].get("sessions", 0)) == 0, what="sessions end")
    total, servers = traffic(running)
    assert int(total["sessionsTotal"]) == 10
    assert [int(servers[s]["sessionsTotal"]) for s in ("CAS1", "CAS2")] == [5, 5]
    sent = 10 * len("a LOGIN user secret\r\na LOGOUT\r\n")
    assert int(total["bytesFromClients"]) == sent
    assert int(total["bytesToClients"]) > sent
    running.ctl("stats", "reset")
    assert int(traffic(running)[0].get("sessionsTotal", 0)) == 0


def test_the_log_has_a_line_per_session_in_haproxys_form(running):
    clients.imap(running.port, source="127.0.3.77")
    line = until(lambda: next((text for text in running.raw("log", "tail", "--service", "haproxy").stdout.splitlines()
                               if "127.0.3.77:" in text), None), 5, "access line")
    # client [date] frontend backend/server Tw/Tc/Tt bytes state conns queues
    words = line[line.index("127.0.3.77:"):].split()
    assert words[1].startswith("[") and words[3].startswith("mail/CAS"), line
    assert words[4].count("/") == 2 and words[6].isalnum() or words[6] == "--", line


def test_the_name_in_a_client_hello_is_logged(farm, start_aloha):
    port = config.exchange_ports(ports.free_port)
    aloha = start_aloha(config.exchange(farm, port))
    assert clients.https(port["https"])
    until(lambda: "mail.example.test" in aloha.raw("log", "tail", "--service", "haproxy").stdout, 5, "the server name")


def test_events_say_who_did_what(running):
    running.ctl("server", "drain", "mail/CAS1")
    running.raw("server", "drain", "mail/NOBODY")
    events = running.ctl("event", "list")["events"]
    done = next(e for e in events if e["subject"] == "server" and "CAS1" in e["object"])
    assert "root" in done["actor"] or "uid" in done["actor"], done
    assert any(e.get("refused") for e in events), events[:5]


def test_check_changes_become_events(running):
    running.farm("down CAS2 imap")
    running.wait_check("mail", "CAS2", "DOWN")
    until(lambda: any(e["subject"] == "check" and "CAS2" in e["object"] for e in running.ctl("event", "list")["events"]),
          5, "an event of the check")
