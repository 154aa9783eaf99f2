"""Does a client stay with its server: by cookie, by address, by its Authorization?

A thousand requests of each kind, none of which may land elsewhere, also across apply, reload, a killed proxy and a
server that goes and comes back: a client moves once, and stays where it went."""
import re

import config
import ports
import process
import pytest
import web
from affinity import CLIENTS, PERSISTENCE, Kind
from wait import until

@pytest.fixture(params=sorted(PERSISTENCE))
def kind(request, farm, start_aloha):
    port = ports.free_port()
    kind = Kind(request.param, port)
    kind.farm, kind.text = farm, config.http_of_farm(farm, "web", port, extra=PERSISTENCE[request.param])
    kind.aloha = start_aloha(kind.text)
    for name in ("CAS1", "CAS2"):
        kind.aloha.wait_check("web", name, "UP")
    return kind


def test_a_thousand_requests(kind):
    expected = kind.map()
    assert set(expected.values()) == {"CAS1", "CAS2"}
    assert kind.wrong(expected) == []


def test_apply_reload_and_a_killed_proxy_change_nothing(kind):
    expected = kind.map()
    kind.aloha.apply(kind.text + config.of_farm(kind.farm, "imap", "more", ports.free_port()))
    assert kind.wrong(expected, 200) == []
    kind.aloha.ctl("service", "reload", "haproxy")
    assert kind.wrong(expected, 200) == []
    old = kind.aloha.worker_pids()["proxy"]
    process.kill(old)
    until(lambda: kind.aloha.worker_pids().get("proxy") not in (None, old), what="a new proxy")
    until(lambda: kind.get(0), what="it serves")
    assert kind.wrong(expected, 200) == []


def test_a_supervisor_that_starts_anew_changes_nothing(kind):
    expected = kind.map()
    kind.aloha.kill()
    kind.aloha.start()
    assert kind.wrong(expected, 200) == []


def test_a_client_moves_once_and_stays(kind):
    expected = kind.map()
    kind.farm("down CAS1 http")
    kind.aloha.wait_check("web", "CAS1", "DOWN")
    assert set(kind.map().values()) == {"CAS2"}
    kind.farm("up CAS1 http")
    kind.aloha.wait_check("web", "CAS1", "UP")
    moved = dict.fromkeys(range(CLIENTS), "CAS2")
    assert kind.wrong(moved, 200) == [], "who moved stays"
    assert set(expected.values()) == {"CAS1", "CAS2"}


def test_drain_keeps_the_clients_and_takes_no_new_ones(kind):
    expected = kind.map()
    kind.aloha.ctl("server", "drain", "web/CAS1")
    assert kind.wrong(expected, 200) == []
    fresh = Kind(kind.name, kind.port)
    if kind.name == "cookie":
        assert set(fresh.map().values()) == {"CAS2"}


def test_maintenance_moves_the_clients(kind):
    kind.map()
    kind.aloha.ctl("server", "maintenance", "web/CAS1")
    assert set(kind.map().values()) == {"CAS2"}


@pytest.mark.parametrize("kind", ["cookie", "authorization"], indirect=True)
def test_one_connection_with_many_clients(kind):
    """As behind a proxy: who is told apart by the request is served so on one connection."""
    expected = kind.map()
    with web.Connection(kind.port) as connection:
        for number in list(range(CLIENTS)) * 5:
            assert kind.get(number, connection) == expected[number]


# What follows is about the cookie alone.

@pytest.fixture
def cookies(farm, start_aloha):
    port = ports.free_port()
    extra = 'persistence { cookie { name: "SRV" } }'
    aloha = start_aloha(config.http_of_farm(farm, "web", port, extra=extra))
    aloha.port = port
    return aloha


def test_the_cookie_is_opaque_and_guarded(cookies):
    found = {}
    for _ in range(8):
        response = web.get(cookies.port, "/owa/")
        value = response["Set-Cookie"]
        parts = [part.strip().lower() for part in value.split(";")]
        assert re.fullmatch(r"SRV=[A-Za-z0-9._~-]+", value.split(";")[0]), value
        assert "httponly" in parts and "path=/" in parts and "samesite=lax" in parts
        assert "secure" not in parts, "the listener is clear"
        assert not any(part.startswith(("expires", "max-age")) for part in parts)
        assert "cas" not in value.lower() and "127.0.0" not in value
        found.setdefault(response.server, value)
    assert len(set(found.values())) == 2


def test_the_cookie_is_set_once(cookies):
    with web.Connection(cookies.port) as client:
        response = client.get("/owa/")
        pair = response["Set-Cookie"].split(";")[0]
        for _ in range(5):
            response = client.get("/owa/", [("Cookie", pair)])
            assert response["Set-Cookie"] is None


@pytest.mark.parametrize("sent, seen", [
    ("{0}", None), ("a=b; {0}", "a=b"), ("{0}; a=b", "a=b"), ("a=b; {0}; c=d", "a=b; c=d"), ("a=b;{0};c=d", "a=b;c=d"),
    ("a=b; xSRV=1; SRVx=2; {0}", "a=b; xSRV=1; SRVx=2"), ('a="SRV=1"; {0}', 'a="SRV=1"'),
])
def test_the_server_does_not_see_the_cookie(cookies, sent, seen):
    pair = web.get(cookies.port, "/owa/")["Set-Cookie"].split(";")[0]
    response = web.get(cookies.port, "/owa/echo", [("Cookie", sent.format(pair)), ("X-End", "1")])
    found = re.findall(r"(?m)^Cookie: ?(.*?)\r?$", response.text)
    assert [re.sub(r"; ?", ";", value) for value in found] == ([re.sub("; ?", ";", seen)] if seen else []), found
    assert "X-End: 1" in response.text


@pytest.mark.parametrize("value", ["SRV=", "SRV=nobody", "SRV=" + "x" * 5000, "SRV", "SRV==", 'SRV="x"', "; ;SRV=1;;"])
def test_a_cookie_that_means_nothing_is_replaced(cookies, value):
    response = web.get(cookies.port, "/owa/", [("Cookie", value)])
    assert response.status == 200 and response["Set-Cookie"].startswith("SRV=")


def test_a_cookie_with_an_age(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.http_of_farm(
        farm, "web", port, extra='persistence { cookie { name: "AGE" same_site: STRICT } expiry: "2h" }'))
    response = web.get(port, "/owa/")
    assert "max-age=7200" in response["Set-Cookie"].lower() and "samesite=strict" in response["Set-Cookie"].lower()
    pair = response["Set-Cookie"].split(";")[0]
    again = web.get(port, "/owa/", [("Cookie", pair)])
    assert again.server == response.server and again["Set-Cookie"].startswith(pair), "counted anew"
    assert aloha.service("haproxy")["state"] == "OK"


def test_two_pools_share_a_cookie(farm, start_aloha):
    """OWA and ECP: a client of one comes to the same server in the other."""
    port = ports.free_port()
    pools = [config.pool(farm, name, extra=config.cookie()) for name in ("owa", "ecp")]
    start_aloha(config.http_service("web", port, [], check=None, extra=" ".join(
        [*pools, config.route("/owa", "owa"), config.route("/ecp", "ecp")])))
    for _ in range(10):
        first = web.get(port, "/owa/")
        pair = first["Set-Cookie"].split(";")[0]
        second = web.get(port, "/ecp/", [("Cookie", pair)])
        assert second.server == first.server and second["Set-Cookie"] is None


def test_entries_are_listed_without_the_secret(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.http_of_farm(farm, "web", port, extra=PERSISTENCE["authorization"]))
    web.get(port, "/owa/", [("Authorization", "Basic c2VjcmV0OnBhc3M=")])
    listed = aloha.raw("persistence", "list").stdout + aloha.raw("-o", "json", "persistence", "list").stdout
    assert "CAS" in listed and "c2VjcmV0" not in listed


def test_a_dead_server_is_left_without_a_check(farm, start_aloha):
    """Its clients' requests go elsewhere at once, and the client learns it by a new cookie."""
    port = ports.free_port()
    start_aloha(config.http_of_farm(farm, "web", port, check=None, extra=PERSISTENCE["cookie"]))
    clients = Kind("cookie", port)
    before = clients.map()
    old = list(clients.cookies)
    farm("down CAS1 http")
    assert set(clients.map().values()) == {"CAS2"}
    for number, server in before.items():
        assert (clients.cookies[number] != old[number]) == (server == "CAS1")


def test_a_pinned_connection_stays_while_its_server_drains(farm, start_aloha):
    """Authentication belongs to the connection: it ends with it, not with a drain."""
    port = ports.free_port()
    aloha = start_aloha(config.http_of_farm(farm, "web", port))
    with web.Connection(port) as client:
        server = client.get("/ews/kerberos", [("Authorization", "Negotiate TICKET.alice.x")]).server
        aloha.ctl("server", "drain", f"web/{server}")
        for _ in range(5):
            response = client.get("/ews/whoami")
            assert (response.server, response["X-User"]) == (server, "alice")


def test_restart_of_the_service_changes_nothing(kind):
    expected = kind.map()
    kind.aloha.ctl("service", "restart", "haproxy")
    kind.aloha.wait_serving()
    assert kind.wrong(expected, 200) == []
