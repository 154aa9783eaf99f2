"""The cases of tests/corpus: a head of `key: value` lines, a line `---`, and the bytes.

Lines of the bytes are joined; \\r \\n \\t \\0 \\xNN \\\\ are escapes, repeat(TEXT,N) stands for N times TEXT. Keys:
  why         what the case is about
  expect      what the balancer has to do, alternatives apart by blanks, several answers in turn by commas
  haproxy     what HAProxy 2.6 does where it is something else (kept by corpus/compare --write)
Requests:     expect: a status, `forward` (the origin answers) or `close` (without an answer)
  origin      bytes that the origin must see, when it sees any
  origin_not  bytes that it must not see
  partial     yes: the beginning may reach the origin, a complete request may not
Responses:    expect: a status, or `truncated` (the client can see that it is not complete)
  request     method, or whole request line; GET by default
  body        what the client gets
  interim     number of 1xx responses that it gets
  end         open: the origin does not close after the bytes
"""
import pathlib
import random
import re
import time

import web
from paths import SOURCE

FOLDER = SOURCE / "tests/corpus"
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def unescape(text):
    """The bytes that `text` stands for."""
    previous = None
    while previous != text:  # from the inside out
        previous = text
        text = re.sub(r"repeat\(([^()]*),(\d+)\)", lambda m: m[1] * int(m[2]), text)
    text = re.sub(r"\\(?:x([0-9a-f]{2})|([rnt0\\]))", lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES[m[2]], text)
    return text.encode("latin-1")


class Case:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        head, _, text = self.path.read_text().partition("\n---\n")
        self.keys = dict(line.split(": ", 1) for line in (head + "\n").splitlines())
        self.data = unescape(text.replace("\n", ""))
        self.steps = [step.split() for step in self.keys["expect"].split(",")]

    def bytes(self, key):
        return unescape(self.keys[key]) if key in self.keys else None

    def __repr__(self):
        return self.name


def cases(kind):
    """All cases of "http_requests" or "http_responses", by name."""
    return [Case(path) for path in sorted((FOLDER / kind).glob("*.txt"))]


class Outcome:
    """What a case led to. `steps`: one word each; `fault`: why it is wrong whatever was expected, or None."""

    def __init__(self):
        self.steps = []
        self.fault = None
        self.detail = ""

    def __str__(self):
        return ", ".join(self.steps) + (f" ({self.fault})" if self.fault else "")


def _finish(connection, outcome, refused):
    """Nothing more may come; after a refusal the connection ends."""
    try:
        connection.socket.settimeout(3.0 if refused else 0.02)
        more = connection.socket.recv(1000)
    except TimeoutError:
        more = None
    except ConnectionError:
        more = b""
    if more:
        outcome.fault = f"more came: {more[:60]!r}"
    elif refused and more is None:
        outcome.fault = "not closed after the refusal"


def split(case, number):
    """The bytes of a case in up to `number` + 1 pieces, cut at places that depend on the name alone."""
    rng = random.Random(f"{case.name} {number}")
    cuts = sorted(rng.randrange(len(case.data) + 1) for _ in range(number))
    pieces = [case.data[a:b] for a, b in zip([0, *cuts], [*cuts, len(case.data)])]
    return [piece for piece in pieces if piece]


def try_request(port, origin, case, cuts=0):
    """Sends the bytes of a request case to a balancer in front of `origin`; an origin answers with X-Origin."""
    outcome = Outcome()
    origin.forget()
    method = "HEAD" if case.data.startswith(b"HEAD") else "GET"
    with web.Connection(port, timeout=4.0) as connection:
        for _ in case.steps:
            try:
                if not outcome.steps:
                    for number, piece in enumerate(split(case, cuts)):
                        time.sleep(0.002 if number else 0)
                        connection.send(piece)
            except OSError:
                pass  # it was refused before all was sent: the answer may still be there
            try:
                response = connection.read(method)
                outcome.steps.append("forward" if response["X-Origin"] else str(response.status))
            except web.Malformed as error:
                outcome.steps.append(f"malformed: {error}")
            except web.Silent:
                outcome.steps.append("hangs")
            except OSError:
                outcome.steps.append("close")
            if outcome.steps[-1] != "forward":
                break
        # 405 and 417 understood the request and may go on.
        _finish(connection, outcome, outcome.steps[-1] in ("400", "414", "431", "501", "505"))
    forwards = outcome.steps.count("forward")
    seen = origin.wait_quiet()
    complete = len(origin.requests)
    if complete != forwards:
        outcome.fault = f"{complete} requests reached the origin: {origin.requests!r:.200}"
    elif not forwards and seen and "partial" not in case.keys:
        outcome.fault = f"the origin got {seen[:60]!r}"
    elif forwards and case.bytes("origin") is not None and case.bytes("origin").lower() not in seen.lower():
        outcome.fault = f"the origin got {seen[:300]!r}"
    elif forwards and case.bytes("origin_not") is not None and case.bytes("origin_not").lower() in seen.lower():
        outcome.fault = f"the origin got {seen[:300]!r}"
    return outcome


def try_response(port, origin, case, cuts=0):
    """Lets `origin` play the bytes of a response case to a request through a balancer."""
    outcome = Outcome()
    origin.forget()
    origin.play(*split(case, cuts), keep_open=case.keys.get("end") == "open")
    line = case.keys.get("request", "GET")
    line = line if " " in line else f"{line} / HTTP/1.1"
    method = line.split()[0]
    with web.Connection(port, timeout=4.0) as connection:
        connection.send(f"{line}\r\nHost: {web.HOST}\r\n\r\n")
        response = None
        try:
            response = connection.read(method)
            outcome.steps.append(str(response.status))
        except web.Malformed as error:
            outcome.steps.append(f"malformed: {error}")
        except web.Silent:
            outcome.steps.append("hangs")
        except OSError:
            outcome.steps.append("truncated")
        if response is not None and response["X-Origin"] is None and response.status == 502:
            _finish(connection, outcome, False)
        elif response is not None:
            _check_response(connection, response, case, outcome)
    return outcome


def _check_response(connection, response, case, outcome):
    _finish(connection, outcome, False)
    if case.bytes("body") is not None and response.body != case.bytes("body"):
        outcome.fault = f"body {response.body[:60]!r}"
    if "interim" in case.keys and len(response.interim) != int(case.keys["interim"]):
        outcome.fault = f"{len(response.interim)} interim responses"


def verdict(case, outcome):
    """None when the outcome is what the case expects, else the reason why not."""
    if outcome.fault:
        return f"{outcome}"
    wanted = case.steps[: len(outcome.steps)]
    complete = len(outcome.steps) == len(case.steps)
    if complete and all(got in allowed for got, allowed in zip(outcome.steps, wanted)):
        return None
    return f"{outcome}, expected {case.keys['expect']}"
