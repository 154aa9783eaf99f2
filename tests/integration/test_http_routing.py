"""Does every path reach the pool it belongs to, by whatever spelling, and no other?"""
import config
import ports
import pytest
import web

ROUTES = [config.route("/owa", "owa"), config.route("/OWA/deep/", "ews"), config.route("/ews", "ews"),
          config.route("/private", "owa", 'allow_from: "127.0.6.0/24"'), config.route("/off", extra="deny: true"),
          config.route("/owa/closed", extra="deny: true")]


@pytest.fixture(scope="module")
def port(module_farm, start_module_aloha):
    """Pools owa and ews are two different servers; nothing else is served."""
    number = ports.free_port()
    cas1, cas2 = (config.server(name, *module_farm.server(name, "http")) for name in ("CAS1", "CAS2"))
    pools = f'pool {{ name: "owa" {cas1} }} pool {{ name: "ews" {cas2} }}'
    extra = " ".join([pools, *ROUTES, 'root_redirect: "/owa/"'])
    start_module_aloha(config.http_service("web", number, [], check=None, extra=extra))
    return number


def lands(port, target, **options):
    """The server that answered, or the status of the balancer's own answer."""
    response = web.get(port, target, **options)
    return response.server or response.status


@pytest.mark.parametrize("target, where", [
    ("/owa", "CAS1"), ("/owa/", "CAS1"), ("/OWA", "CAS1"), ("/oWa/x/y", "CAS1"), ("/owa?x=/ews", "CAS1"),
    ("/owa/?x", "CAS1"), ("/ews/exchange.asmx", "CAS2"), ("/EWS", "CAS2"),
    ("/owax", 404), ("/ow", 404), ("/owa-x/", 404), ("/none", 404), ("/x/owa/", 404),
    ("/owa/deep", "CAS2"), ("/owa/deep/x", "CAS2"), ("/Owa/DEEP/", "CAS2"), ("/owa/deepx", "CAS1"),
])
def test_the_longest_prefix_of_whole_segments_decides(port, target, where):
    assert lands(port, target) == where


@pytest.mark.parametrize("target, where", [
    ("/%6fwa/", "CAS1"), ("/%4F%57%41/", "CAS1"), ("/ow%61", "CAS1"), ("//owa/", "CAS1"), ("/owa//x", "CAS1"),
    ("/./owa/", "CAS1"), ("/x/../owa/", "CAS1"), ("/owa/../ews/", "CAS2"), ("/owa/%2e%2e/ews/", "CAS2"),
    ("/ews/%2E./owa/", "CAS1"), ("/owa/./deep/", "CAS2"), ("/owa/x/../deep/", "CAS2"), ("/owa//deep", "CAS2"),
    ("/owa/..", 302), ("/%252e%252e/owa", 404), ("/owa/%2fews", 400), ("/owa%5cews", 400), ("/owa/%00", 400),
])
def test_a_path_is_decoded_and_resolved_once(port, target, where):
    found = lands(port, target)
    assert found == where or (where == 302 and found == 404), found


@pytest.mark.parametrize("target", [
    "/off", "/off/", "/OFF/x", "/%6fff/", "//off/", "/./off", "/owa/../off/", "/owa/%2e%2e/off/", "/off//x", "/off?x",
    "/owa/closed", "/OWA/Closed/x", "/owa//closed/", "/owa/x/../closed", "/%6f%77%61/%63losed", "/off/.", "/off/%2e",
    "/off./", "/off%20/", "http://mail.example.test/off/",
])
def test_a_denied_path_is_denied_in_every_spelling(port, target):
    response = web.get(port, target)
    assert response.status in (403, 404, 400) and response.server is None, response.head
    if target in ("/off", "/OFF/x", "//off/", "/owa/../off/", "/owa/closed"):
        assert response.status == 403


def test_a_denied_path_that_climbs_out_again_is_not_denied(port):
    assert lands(port, "/off/../owa/") == "CAS1"


def test_the_server_gets_the_bytes_that_the_client_sent(port):
    for target in ("/ews/../%6fwa//echo", "/OWA/./echo?x=%41", "//owa/echo"):
        with web.Connection(port) as client:
            client.ask("GET", target)
            response = client.read()
            assert response.server == "CAS1"
    assert web.get(port, "/%6FWA/%65cho").server == "CAS1"
    assert web.get(port, "/owa/echo?a=%2f").text.startswith("GET /owa/echo?a=%2f HTTP/1.1\r\n")


def test_allow_from_of_a_route(port):
    assert lands(port, "/private/", source="127.0.6.1") == "CAS1"
    assert lands(port, "/private/", source="127.0.7.1") == 403
    assert lands(port, "/owa/%2e%2e/private/", source="127.0.7.1") == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/", "/?x=1"])
def test_the_root_leads_to_owa(port, method, target):
    response = web.get(port, target, method=method)
    assert response.status == 302 and response["Location"].endswith("/owa/"), response.head
    assert response.keep_alive


def test_nothing_else_is_redirected(port):
    for target in ("/index.html", "/ecp", "/exchange/", "/owa"):
        assert web.get(port, target).status != 302


def test_requests_of_one_connection_go_where_they_belong(port):
    with web.Connection(port) as client:
        targets = ["/owa/", "/ews/", "/owa/deep", "/none", "/off", "/", "/owa/"] * 3
        found = [(r := client.get(target)).server or r.status for target in targets]
    assert found == ["CAS1", "CAS2", "CAS2", 404, 403, 302, "CAS1"] * 3


def test_pipelined_requests_to_different_pools_are_answered_in_order(port):
    with web.Connection(port) as client:
        client.send(b"".join(b"GET /%s/echo?delay=%d HTTP/1.1\r\nHost: a\r\n\r\n" % (name, delay)
                             for name, delay in ((b"owa", 80), (b"ews", 0), (b"none", 0), (b"owa", 0))))
        assert [client.read().server for _ in range(4)] == ["CAS1", "CAS2", None, "CAS1"]


def test_a_body_before_a_refusal_does_not_become_a_request(port):
    smuggled = b"GET /owa/ HTTP/1.1\r\nHost: a\r\n\r\n"
    with web.Connection(port) as client:
        assert client.get("/off/", method="POST", body=smuggled).status == 403
        try:
            assert client.get("/ews/echo").server == "CAS2"
        except OSError:
            pass  # closing is allowed


@pytest.fixture(scope="module")
def redirect(start_module_aloha):
    """{host name or "": port} of listeners that redirect."""
    plain, named = ports.free_port(), ports.free_port()
    start_module_aloha("".join(f"""
virtual_service {{ name: "{name}" protocol: HTTP listener {{ address: "127.0.0.1" port: {port} }}
                  redirect {{ {redirect} }} }}
""" for name, port, redirect in (("plain", plain, ""),
                                 ("named", named, 'https_port: 8443 host_name: "webmail.example.test"'))))
    return {"": plain, "webmail.example.test:8443": named}


@pytest.mark.parametrize("method, status", [("GET", 302), ("HEAD", 302), ("POST", 307), ("PUT", 307),
                                            ("PROPFIND", 307)])
@pytest.mark.parametrize("target", ["/", "/owa/?a=b&c=%2F", "/x%20y/../z"])
def test_the_redirect_to_https(redirect, method, status, target):
    for host, port in redirect.items():
        response = web.get(port, target, method=method, host="mail.example.test:8080",
                           body=b"x" if status == 307 else None)
        assert response.status == status
        assert response["Location"] == f"https://{host or 'mail.example.test'}{target}"


def test_the_redirect_needs_a_host_that_is_one(redirect):
    for host in ("evil.example.test/x", "a\\b", "a b", '"><script>', "user@host"):
        assert web.get(redirect[""], "/", host=host).status == 400
    with web.Connection(redirect[""]) as client:
        response = client.get("/", host=None, version="HTTP/1.0")
        assert response.status in (400, 404) or "Location" not in dict(response.fields)


def test_a_redirect_splits_no_response(redirect):
    for target in ("/%0d%0aX-Evil:%201", "/?%0d%0aX-Evil: 1".replace(" ", "%20")):
        response = web.get(redirect[""], target)
        assert response["X-Evil"] is None
