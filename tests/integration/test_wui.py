"""Does the web interface serve pages and the management API over HTTPS, whatever happens to the processes around it?"""
import re
import ssl

import config
import ports
import process
import pytest
import web
import wui
from wait import until
from wui import Browser


@pytest.fixture(scope="module")
def site(make_module_aloha, module_farm):
    """A balancer with an IMAP service and a web interface whose administrator has signed in once."""
    aloha = wui.start(make_module_aloha, config.of_farm(module_farm, "imap", "mail", ports.free_port()))
    aloha.wait_serving()
    with Browser(aloha) as browser:
        aloha.cookie = browser.first_sign_in().cookie
    return aloha


@pytest.fixture
def browser(site):
    with Browser(site) as browser:
        browser.cookie = site.cookie
        yield browser


def test_pages_come_with_what_keeps_them_safe(site, browser):
    page = browser.get("/")
    assert page.status == 200 and page["Content-Type"] == "text/html; charset=utf-8"
    assert page["Cache-Control"] == "no-store" and page["Server"] is None
    assert browser.get("/config/imap").body == page.body, "a route within the page"
    assert browser.get("/", [("Accept-Encoding", "gzip")])["Content-Encoding"] is None, "scanners call that BREACH"
    assert browser.get("/", [("If-None-Match", page["ETag"])]).status == 304
    assert browser.get("/", method="HEAD")["Content-Length"] == page["Content-Length"]
    scripts = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.text)
    assert scripts, page.text
    for name in scripts:
        plain, packed = browser.get(name), browser.get(name, [("Accept-Encoding", "br, gzip")])
        assert packed["Content-Encoding"] == "gzip" and len(packed.body) < len(plain.body)
        assert "immutable" in plain["Cache-Control"], name
    for target in ("/", scripts[0], "/healthz", "/nothing.js", "/aloha.admin.v1.Users/GetCaller"):
        answer = browser.get(target)
        assert "default-src 'none'" in answer["Content-Security-Policy"], target
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert answer["Strict-Transport-Security"] and answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY" and answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cross-Origin-Opener-Policy"] == answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert browser.get("/aloha.admin.v1.Users/GetCaller")["Allow"] == "POST"
    assert browser.get("/", method="DELETE").status == 405


def test_calls_and_their_errors(site, browser):
    caller = browser.ok("Users/GetCaller")
    assert (caller["name"], caller["role"]) == ("admin", "ADMIN")
    services = {s["name"]: s for s in browser.ok("Services/ListServices")["services"]}
    assert set(services) == {"system", "vrrp", "haproxy", "stunnel"}
    wrong = browser.call("Configuration/ApplyConfig", {"source": {"text": "imap { mode: CLEAR virtual_port: 0 }"}})
    assert wrong.status == 400 and wrong.code == "invalid_argument", wrong
    detail = wrong.json["details"][0]
    assert detail["type"] == "aloha.admin.v1.ErrorDetail" and detail["value"]
    assert "imap.virtual_port" in str(detail["debug"]), detail
    assert browser.call("Services/StartService", {"name": "nonsense"}).status in (400, 404)
    for method, status in (("Services/Nothing", 404), ("Nothing/ListServices", 404)):
        assert browser.call(method).status == status
    assert browser.call("Services/ListServices", body=b"{").status == 400
    assert browser.call("Services/ListServices", {"nothing": 1}).status == 400
    assert browser.call("Services/ListServices", fields=[("Connect-Timeout-Ms", "x")]).status == 400
    with Browser(site) as nobody:
        assert nobody.ok("Users/GetCaller").get("name", "") == ""
        assert nobody.call("Services/ListServices").status in (401, 403)
        nobody.cookie = "x" * 43
        assert nobody.call("Services/ListServices").code == "unauthenticated"


def test_streams(site, browser):
    head = browser.watch("Events/WatchAll", {"statsIntervalMs": 200})
    assert head.status == 200 and head["Content-Type"] == "application/connect+json"
    kinds = set()
    for flags, message in browser.messages():
        assert flags == 0
        kinds |= set(message)
        if {"stats", "services", "workers", "configuration"} <= kinds:
            break
    before = site.workers()["wui"]["pid"]
    browser.close()
    with Browser(site) as other:  # the server noticed, and is as it was
        other.cookie = site.cookie
        head = other.watch("Events/WatchEvents", {"backlog": 3})
        assert next(other.messages())[0] == 0
        assert site.workers()["wui"]["pid"] == before
    with Browser(site) as nobody:
        head = nobody.watch("Events/WatchAll")
        flags, end = list(nobody.messages())[-1]
        assert flags == 2 and end["error"]["code"] in ("unauthenticated", "permission_denied"), end
    with Browser(site) as short:
        short.cookie = site.cookie
        short.watch("Events/WatchEvents", fields=[("Connect-Timeout-Ms", "300")])
        assert list(short.messages())[-1][1]["error"]["code"] == "deadline_exceeded"
    with Browser(site) as wrong:
        wrong.cookie = site.cookie
        assert wrong.call("Events/WatchAll").status == 415
        assert wrong.watch("Services/ListServices").status == 415


def test_a_token_for_programs(site, browser):
    secret = browser.ok("Tokens/CreateToken", {"name": "backup", "role": "MONITOR"})["secret"]
    with Browser(site) as program:
        bearer = [("Authorization", f"Bearer {secret}"), ("X-Aloha-Request", None), ("Sec-Fetch-Site", None),
                  ("Origin", None)]
        assert program.call("Services/ListServices", fields=bearer).status == 200
        assert program.call("Services/StopService", {"name": "haproxy"}, fields=bearer).status == 403
        browser.ok("Tokens/RevokeToken", {"name": "backup"})
        assert program.call("Services/ListServices", fields=bearer).status == 401


def test_signing_out_takes_the_cookie(site):
    with Browser(site) as browser:
        answer = browser.call("Users/SignIn", {"user": "admin", "password": wui.PASSWORD})
        cookie = answer.response["Set-Cookie"]
        for part in ("__Host-aloha=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age="):
            assert part in cookie, cookie
        kept = browser.cookie
        assert "Max-Age=0" in browser.call("Users/SignOut").response["Set-Cookie"]
        browser.cookie = kept
        assert browser.call("Services/ListServices").status == 401


def test_whatever_dies_it_comes_back(site, browser):
    """aloha-keys: handshakes wait; the supervisor: pages come, calls are told so; aloha-wui: its listener stays."""
    def answers():
        with Browser(site) as other:
            other.cookie = site.cookie
            return other.call("Services/ListServices").status == 200

    process.kill(site.workers()["keys"]["pid"])
    assert until(answers, what="after aloha-keys")
    pid = site.workers()["wui"]["pid"]
    stream = Browser(site)
    stream.cookie = site.cookie
    stream.watch("Events/WatchAll")
    process.kill(site.pid())
    assert browser.get("/").status == 200
    assert browser.call("Services/ListServices").status == 503
    messages = list(stream.messages())
    assert messages[-1][0] == 2 and messages[-1][1]["error"]["code"] == "unavailable", messages[-1]
    site.process.wait(5)
    site.start()
    assert until(answers, 20, what="after the supervisor")
    assert site.workers()["wui"]["pid"] == pid, "adopted"
    process.kill(pid)
    assert until(answers, 20, what="after aloha-wui")
    assert until(answers, what="still signed in")


def test_certificate_and_address_change_without_a_restart(site, pki, browser):
    pid = site.workers()["wui"]["pid"]
    site.ctl("certificate", "import", pki.leaf("web", "rsa2048").pem)
    running = site.raw("config", "show").stdout
    site.apply(running.replace(f"port: {site.web}", f'port: {site.web}\n    certificate: "web"', 1))
    site.tls = ssl.create_default_context(cafile=pki.ca)
    site.tls.check_hostname = False
    with Browser(site) as other:
        assert other.get("/healthz").status == 200
        assert other.get("/", host="localhost").status == 200
        assert other.get("/", host=f"{web.HOST}:{site.web}").status == 200
        assert other.get("/", host="evil.example").status == 421
    assert browser.get("/healthz").status == 200, "the connection with the old one goes on"
    site.apply(running.replace(f"port: {site.web}", f'port: {site.web}\n    allow_from: "192.0.2.0/24"', 1))
    with pytest.raises(OSError):
        Browser(site)
    site.apply(running)
    assert site.workers()["wui"]["pid"] == pid
    site.apply(re.sub(r"^management \{.*?^\}\n", "", running, flags=re.M | re.S))
    until(lambda: "wui" not in site.worker_pids(), what="aloha-wui is not needed")
    with pytest.raises(OSError):
        Browser(site)
