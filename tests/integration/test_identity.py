"""Does anybody ever get an answer that was meant for somebody else?

NTLM and Kerberos over HTTP authenticate connections: the simulated servers answer every request of an authenticated
connection as its user. Many clients, authenticated by both schemes and not at all, interleave their requests, change
directories, carry cookies of other servers, reconnect and change their names. Whoever gets an answer for another user
has seen another's mailbox: zero of 10,000. An answer for nobody on an authenticated connection means that the server
connection was changed under it, and is just as wrong."""
import collections
import random
import threading

import config
import pytest
import web
from front import KIND, Front, cas

REQUESTS = 10_000
THREADS = 4
CLIENTS = 24  # in each thread
USERS = ("alice", "bob", "carol", "dave")
DIRECTORIES = ("owa", "ecp", "ews", "mapi", "rpc", "oab")


class Client:
    """One client connection; `user`: whom it belongs to, "-" for nobody."""

    def __init__(self, number, connect, rng):
        self._connect, self._rng = connect, rng
        self.source = f"127.0.4.{number % 250 + 1}"
        self.cookies = {}
        self.connection = None
        self.reconnect()

    def reconnect(self):
        if self.connection is not None:
            self.connection.close()
        self.connection, self.user, self.server_connection = self._connect(self.source), "-", None

    def ask(self, target, fields=(), cookie=None):
        cookies = cookie or "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        fields = [*fields, *([("Cookie", cookies)] if cookies else [])]
        if self._rng.random() < 0.2:
            self.connection.ask("POST", target, fields, body=b"x" * self._rng.randrange(3000))
        else:
            self.connection.ask("GET", target, fields)

    def read(self):
        response = self.connection.read()
        for value in response.all("Set-Cookie"):
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.split(";")[0]
        return response

    def authenticate(self):
        """As somebody, by one scheme or the other; a name may change in the middle of a connection."""
        name = self._rng.choice(USERS)
        if self._rng.random() < 0.5:
            ticket = "A" * self._rng.randrange(12_000, 44_000)
            self.ask("/ews/kerberos", [("Authorization", f"Negotiate TICKET.{name}.{ticket}")])
            response = self.read()
        else:
            self.ask("/ews/ntlm", [("Authorization", f"NTLM TYPE1.{name}")])
            challenge = self.read()
            assert challenge.status == 401, challenge.head
            token = challenge["WWW-Authenticate"].removeprefix("NTLM TYPE2.")
            self.ask("/ews/ntlm", [("Authorization", f"NTLM TYPE3.{name}.{token}")])
            response = self.read()
        assert response.status == 200, (name, response.head, response.text)
        self.user = name
        self.server_connection = response["X-Connection"]
        return response


class Crowd(threading.Thread):
    """Clients whose requests interleave: several are sent before the first answer is read."""

    def __init__(self, number, connect, cookies, requests):
        super().__init__()
        self._rng = random.Random(number)
        self._clients = [Client(number * CLIENTS + i, connect, self._rng) for i in range(CLIENTS)]
        self._cookies = cookies  # that mean some server
        self._left = requests
        self.seen = collections.Counter()
        self.wrong = []

    def run(self):
        try:
            while self._left > 0:
                self._turn()
        except Exception as error:  # reported by the test
            self.wrong.append(repr(error))
        for client in self._clients:
            client.connection.close()

    def _turn(self):
        rng = self._rng
        chosen = rng.sample(self._clients, 6)
        if rng.random() < 0.3:
            chosen[0].reconnect()
        if rng.random() < 0.6:
            self._check(chosen[1], chosen[1].authenticate())
        for client in chosen:
            other = rng.choice(self._cookies) if self._cookies and rng.random() < 0.3 else None
            client.ask(f"/{rng.choice(DIRECTORIES)}/whoami", cookie=other)
        for client in rng.sample(chosen, len(chosen)):
            self._check(client, client.read())

    def _check(self, client, response):
        self._left -= 1
        self.seen[client.user != "-"] += 1
        if response.text.strip() != f"user={client.user}" or response["X-User"] != client.user:
            self.wrong.append((client.user, response.head, response.text))
        elif client.server_connection not in (None, response["X-Connection"]):
            self.wrong.append(f"{client.user} moved from server connection {client.server_connection} "
                              f"to {response['X-Connection']}")


@pytest.fixture
def front(folder, farm, start_aloha):
    pools = [config.pool(farm, name, extra=config.cookie()) for name in ("owa", "ews")]
    pools.append(config.pool(farm, "rpc", extra='persistence { source_address {} }'))
    routes = [config.route("/owa", "owa"), config.route("/ecp", "owa"), config.route("/ews", "ews"),
              config.route("/rpc", "rpc")]
    servers = cas(farm) if KIND == "aloha" else cas(farm)[:1]
    front = Front(folder, start_aloha, servers, extra=" ".join(pools + routes))
    yield front
    front.stop()


def server_cookies(front):
    """Cookies that mean each of the servers."""
    found = set()
    for _ in range(8):
        for value in web.get(front.port, "/owa/whoami", address=front.address).all("Set-Cookie"):
            found.add(value.split(";")[0])
    return sorted(found)


def test_ten_thousand_interleaved_requests(front):
    cookies = server_cookies(front)
    if front.aloha:
        assert len(cookies) == 2, cookies

    def connect(source):
        return web.Connection(front.port, front.address, source)

    crowds = [Crowd(number, connect, cookies, REQUESTS // THREADS) for number in range(THREADS)]
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.join()
    wrong = [entry for crowd in crowds for entry in crowd.wrong]
    assert wrong == [], f"{len(wrong)} wrong answers, the first: {wrong[:3]}"
    seen = sum((crowd.seen for crowd in crowds), collections.Counter())
    assert seen.total() >= REQUESTS and seen[True] > REQUESTS / 3 and seen[False] > REQUESTS / 20, seen


def test_a_new_connection_is_nobody_though_the_old_one_is_still_there(front):
    """The same address, the same cookies, the same server: another connection all the same."""
    with web.Connection(front.port, front.address, "127.0.4.1") as first:
        cookies = first.get("/owa/whoami").all("Set-Cookie")
        first.get("/ews/kerberos", [("Authorization", "Negotiate TICKET.alice.x")])
        fields = [("Cookie", cookies[0].split(";")[0])] if cookies else []
        for _ in range(20):
            with web.Connection(front.port, front.address, "127.0.4.1") as second:
                assert second.get("/owa/whoami", fields)["X-User"] == "-"
                assert first.get("/owa/whoami", fields)["X-User"] == "alice"


def test_an_authenticated_connection_that_ends_is_never_used_again(front):
    for number in range(50):
        name = USERS[number % len(USERS)]
        with web.Connection(front.port, front.address) as client:
            assert client.get("/ews/kerberos", [("Authorization", f"Negotiate TICKET.{name}.x")])["X-User"] == name
        assert web.get(front.port, "/ews/whoami", address=front.address)["X-User"] == "-"


def test_a_client_connection_has_server_connections_of_its_own(front):
    """Also without any authentication: no server connection is ever seen by two clients."""
    owners = {}
    clients = [web.Connection(front.port, front.address) for _ in range(10)]
    for _ in range(10):
        for number, client in enumerate(clients):
            connection = client.get("/owa/whoami")["X-Connection"]
            assert owners.setdefault(connection, number) == number
    for client in clients:
        client.close()


def test_a_pinned_connection_does_not_outlive_its_server_connection(front):
    """When the server ends an authenticated connection, the client's ends as well or becomes nobody's: the next answer
    is never given as somebody on another server connection without authentication."""
    with web.Connection(front.port, front.address) as client:
        client.get("/ews/kerberos", [("Authorization", "Negotiate TICKET.alice.x")])
        response = client.get("/ews/whoami?close=1")
        assert response["X-User"] == "alice"
        try:
            assert client.get("/ews/whoami")["X-User"] == "-"
        except OSError:
            pass  # closed: the client authenticates anew


@pytest.mark.skipif(KIND == "haproxy", reason="HAProxy does not promise this")
def test_a_cookie_does_not_move_a_pinned_connection(front):
    cookies = server_cookies(front) or ["SRV=none"]
    with web.Connection(front.port, front.address) as client:
        server = client.get("/owa/kerberos", [("Authorization", "Negotiate TICKET.bob.x")]).server
        for cookie in cookies * 3:
            response = client.get("/owa/whoami", [("Cookie", cookie)])
            assert (response["X-User"], response.server) == ("bob", server)
