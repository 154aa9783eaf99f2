"""The web interface as browsers and programs meet it: HTTPS, pages, and the management API by the Connect protocol."""
import json
import ssl
import struct

import ports
import web
from wait import until

PASSWORD = "Quirlig-Marmot-7Fjord"


def area(port, extra=""):
    return f'management {{ web {{ enabled: true address: "127.0.0.1" port: {port} {extra} }} }}\n'


def start(make_aloha, text="", extra="", port=None, **options):
    """A balancer whose web interface answers; `.web` is its port, `.tls` what trusts its own certificate."""
    port = port or ports.free_port()
    aloha = make_aloha(area(port, extra) + text, **options).start()
    aloha.web = port
    pem = until(lambda: aloha.raw("certificate", "show", "wui", "--pem").stdout, what="its certificate")
    aloha.tls = ssl.create_default_context(cadata=pem)
    until(lambda: Browser(aloha).get("/healthz").status == 200, what="aloha-wui answers")
    return aloha


class Answer:
    """Of a call: `status` of HTTP, `json` of the body, the fields of the response."""

    def __init__(self, response):
        self.response = response
        self.status = response.status
        self.json = json.loads(response.body) if response.body else None

    @property
    def code(self):
        return (self.json or {}).get("code")

    def __repr__(self):
        return f"{self.status} {self.json}"


class Browser(web.Connection):
    """One connection, with the cookie of its session as browsers keep it."""

    def __init__(self, aloha, source=None, host=None, **options):
        super().__init__(aloha.web, source=source, tls=aloha.tls, server_name="localhost", **options)
        self.host = host or f"localhost:{aloha.web}"
        self.cookie = None

    def get(self, target="/", fields=(), **options):
        options.setdefault("host", self.host)
        return super().get(target, fields, **options)

    def fields(self, kind, fields):
        own = [("Content-Type", kind), ("X-Aloha-Request", "1"), ("Sec-Fetch-Site", "same-origin"),
               ("Origin", f"https://{self.host}")]
        if self.cookie:
            own.append(("Cookie", f"__Host-aloha={self.cookie}"))
        given = {name.lower() for name, _ in fields}
        return [field for field in own if field[0].lower() not in given] + [f for f in fields if f[1] is not None]

    def call(self, method, message=None, fields=(), body=None):
        """A unary call, "Services/ListServices"; `fields` replace those of a browser, None leaves one out."""
        body = json.dumps(message or {}).encode() if body is None else body
        answer = Answer(self.get(f"/aloha.admin.v1.{method}", self.fields("application/json", fields), method="POST",
                                 body=body))
        for cookie in answer.response.all("Set-Cookie"):
            self.cookie = cookie.partition("=")[2].partition(";")[0] or None
        return answer

    def ok(self, method, message=None, **options):
        answer = self.call(method, message, **options)
        assert answer.status == 200, f"{method}: {answer}"
        return answer.json

    def sign_in(self, password=PASSWORD, user="admin"):
        """The first time as the factory wants it, afterwards with the password that was set then."""
        answer = self.ok("Users/SignIn", {"user": user, "password": password})
        assert self.cookie, answer
        return answer

    def first_sign_in(self):
        answer = self.ok("Users/SignIn", {"user": "admin", "password": "admin"})
        assert answer["missing"] == "NEW_PASSWORD" and not self.cookie, answer
        self.ok("Users/SignIn", {"user": "admin", "password": "admin", "newPassword": PASSWORD})
        assert self.cookie
        return self

    def watch(self, method, message=None, fields=()):
        """Begins a stream; messages() gives what comes."""
        body = json.dumps(message or {}).encode()
        self.ask("POST", f"/aloha.admin.v1.{method}", self.fields("application/connect+json", fields),
                 struct.pack(">BI", 0, len(body)) + body, host=self.host)
        return self.head()

    def messages(self):
        """What a stream sends: (flags, message); the last has the flag 2."""
        data = b""
        while True:
            size = self._chunk_size()
            piece = self.take(size) if size else b""
            assert self.take(2) == b"\r\n"
            if not size:
                return
            data += piece
            while len(data) >= 5 and len(data) >= 5 + (length := struct.unpack(">I", data[1:5])[0]):
                yield data[0], json.loads(data[5:5 + length])
                data = data[5 + length:]
