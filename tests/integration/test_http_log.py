"""Do the access lines, statistics and sessions of HTTP agree with the traffic?

HAProxy's default HTTP format:
CLIENT:PORT [DATE] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES REQ-COOKIE RES-COOKIE TSTATE CONNS QUEUES "REQUEST"
"""
import json
import re
import time

import config
import ports
import pytest
import web
from wait import until

LINE = re.compile(
    r'(?P<client>[0-9.]+):\d+ \[(?P<date>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] (?P<frontend>\S+) '
    r'(?P<backend>[^\s/]+)/(?P<server>\S+) (?P<TR>-?\d+)/(?P<Tw>-?\d+)/(?P<Tc>-?\d+)/(?P<Tr>-?\d+)/\+?(?P<Ta>\d+) '
    r'(?P<status>-?\d+) \+?(?P<bytes>\d+) (?P<req_cookie>\S+) (?P<res_cookie>\S+) (?P<tstate>\S{4}) '
    r'(?P<conns>\d+/\d+/\d+/\d+/\+?\d+) (?P<queues>\d+/\d+) (?:\{[^}]*\} )*"(?P<request>.*)"')


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.exchange_web(farm, "web", port))
    aloha.farm, aloha.port = farm, port
    return aloha


def line_of(aloha, source, count=1):
    """The newest access line of that client, parsed, when there are `count`."""
    def find():
        lines = [text for text in aloha.raw("log", "tail", "--service", "haproxy").stdout.splitlines()
                 if f"{source}:" in text]
        return lines[-1] if len(lines) >= count else None
    text = until(find, 5, f"an access line of {source}")
    found = LINE.search(text)
    assert found, text
    return found


def test_a_line_per_request(running):
    with web.Connection(running.port, source="127.0.12.1") as client:
        for target in ("/owa/?x=1", "/ews/"):
            response = client.get(target)
    line = line_of(running, "127.0.12.1", count=2)
    assert line["frontend"] == "web" and line["backend"] == "web.ews" and line["server"] == response.server
    assert line["status"] == "401" and line["tstate"][:2] == "--", line[0]
    assert line["request"] == "GET /ews/ HTTP/1.1"
    assert int(line["bytes"]) >= len(response.head) + len(response.body) - 200
    text = running.raw("log", "tail", "--service", "haproxy").stdout
    assert text.count("127.0.12.1:") == 2, text


def test_times(running):
    web.get(running.port, "/mapi/?delay=300", source="127.0.12.2")
    line = line_of(running, "127.0.12.2")
    assert 290 <= int(line["Tr"]) <= 2000 and int(line["Tr"]) <= int(line["Ta"]) <= 2500, line[0]
    assert all(int(line[name]) >= 0 for name in ("TR", "Tw", "Tc"))


@pytest.mark.parametrize("target, status, tstate", [
    ("/powershell", 403, "PR"), ("/none", 404, "(PR|LR|SC)"), ("/", 302, "(LR|PR)"), ("/owa/%zz", 400, "PR"),
])
def test_termination_states_of_own_answers(running, target, status, tstate):
    source = f"127.0.12.{status % 200 + 20}"
    assert web.get(running.port, target, source=source).status == status
    line = line_of(running, source)
    assert int(line["status"]) == status and re.match(tstate, line["tstate"]), line[0]


def test_termination_state_when_no_server_lives(running):
    running.farm("fail all mapi")
    for name in ("CAS1", "CAS2"):
        running.wait_check("web.mapi", name, "DOWN")
    assert web.get(running.port, "/mapi/", source="127.0.12.4").status == 503
    line = line_of(running, "127.0.12.4")
    assert line["server"] == "<NOSRV>" and line["tstate"].startswith("SC"), line[0]


def test_termination_state_of_a_client_that_leaves(running):
    with web.Connection(running.port, source="127.0.12.5") as client:
        client.ask("GET", "/owa/bytes/50000000")
        client.some(1000)
    line = line_of(running, "127.0.12.5")
    assert line["tstate"].startswith("CD"), line[0]


def test_termination_state_of_a_server_that_leaves(running):
    web_response = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"
    with web.Connection(running.port, source="127.0.12.6") as client:
        with pytest.raises(OSError):
            client.get("/owa/raw", method="POST", body=web_response)
    line = line_of(running, "127.0.12.6")
    assert line["tstate"].startswith("SD"), line[0]


def test_what_a_client_sends_cannot_forge_a_line(running):
    target = '/owa/"x%0a\\'.replace("\\", "%22") + '"' + "y" * 10
    web.get(running.port, target, [("User-Agent", 'a"b\x80')], source="127.0.12.7")
    line = line_of(running, "127.0.12.7")
    assert "\n" not in line[0] and line["request"].startswith("GET /owa/")
    long = "/owa/" + "z" * 15_000
    web.get(running.port, long, source="127.0.12.8")
    text = running.raw("log", "tail", "--service", "haproxy").stdout
    assert max(len(entry) for entry in text.splitlines()) < 20_000


def test_json_lines(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.exchange_web(farm, "web", port) + "log { format: JSON }\n")
    response = web.get(port, "/owa/?x=1", source="127.0.12.9")

    def find():
        for text in aloha.raw("log", "tail", "--service", "haproxy").stdout.splitlines():
            if "127.0.12.9" in text and "{" in text:
                return json.loads(text[text.index("{"):])
        return None
    entry = until(find, 5, "a JSON line")
    flat = json.dumps(entry)
    assert response.server in flat and "/owa/?x=1" in flat and "200" in flat and "web.owa" in flat


def http_stats(aloha, name):
    service = next(s for s in aloha.ctl("stats", "show")["virtualServices"] if s["name"] == name)
    return service["http"], {s["name"]: s.get("http", {}) for s in service["servers"]}


def test_statistics(running):
    running.ctl("stats", "reset")
    for _ in range(6):
        web.get(running.port, "/owa/")
    for _ in range(4):
        web.get(running.port, "/ews/")
    with web.Connection(running.port) as client:
        client.send("BAD\r\n\r\n")
        client.read()
    web.get(running.port, "/none")

    def counted():
        total, _ = http_stats(running, "web")
        return int(total.get("requestsTotal", 0)) >= 12 and total
    total = until(counted, 5, "requests are counted")
    assert int(total["requestsTotal"]) == 12
    by_class = [int(n) for n in total["responsesTotal"]]
    assert by_class[1] == 6 and by_class[3] == 6, total
    assert int(total["badRequestsTotal"]) == 1 and int(total["ownResponsesTotal"]) == 2
    owa, servers = http_stats(running, "web.owa")
    assert int(owa["requestsTotal"]) == 6
    assert sum(int(server.get("requestsTotal", 0)) for server in servers.values()) == 6


def test_sessions_tell_the_request(running):
    with web.Connection(running.port, source="127.0.12.10") as busy, \
            web.Connection(running.port, source="127.0.12.11") as idle:
        busy.ask("GET", "/mapi/?delay=2000")
        idle.get("/owa/")
        time.sleep(0.2)
        found = {s["client"].rsplit(":", 1)[0]: s for s in running.ctl("session", "list")["sessions"]}
        assert found["127.0.12.10"]["request"].startswith("GET /mapi/"), found
        assert found["127.0.12.11"]["state"] == "idle" and int(found["127.0.12.11"]["requests"]) == 1
        running.ctl("session", "close", found["127.0.12.10"]["id"])
        with pytest.raises(OSError):
            busy.read()
        assert idle.get("/owa/").status == 200
