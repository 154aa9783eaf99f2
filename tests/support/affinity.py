"""Clients that a balancer tells apart by cookie, address or Authorization."""
import concurrent.futures

import web

CLIENTS = 20
REQUESTS = 1000


class Kind:
    """Clients that are told apart in one way; the balancer is reached by `get`."""

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.cookies = [None] * CLIENTS

    def get(self, number, connection=None):
        """One request of client `number`; the server's name."""
        fields = {"cookie": [("Cookie", self.cookies[number])] if self.cookies[number] else [],
                  "authorization": [("Authorization", f"Basic dXNlcjpwYXNz{number:04}")], "source": []}[self.name]
        source = f"127.0.8.{number + 1}" if self.name == "source" else None
        response = connection.get("/owa/", fields) if connection else web.get(self.port, "/owa/", fields, source)
        if self.name == "cookie" and response["Set-Cookie"]:
            self.cookies[number] = response["Set-Cookie"].split(";")[0]
        assert response.server, response.head
        return response.server

    def map(self):
        return {number: self.get(number) for number in range(CLIENTS)}

    def wrong(self, expected, requests=REQUESTS):
        """Requests that landed on another server than `expected` says."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda i: (i % CLIENTS, self.get(i % CLIENTS)), range(requests))
            return [(number, server) for number, server in found if expected[number] != server]


PERSISTENCE = {"cookie": "persistence { cookie {} }", "source": "persistence { source_address {} }",
               "authorization": "persistence { authorization_header {} }"}
