"""Specs of the web interface: Node programs that drive a browser, one result for each of their checks."""
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile

import ports
import process
import pytest
from wait import until

_E2E = pathlib.Path(__file__).parents[1] / "e2e"
_CHECK = re.compile(r'^\s*check\("((?:[^"\\]|\\.)+)"', re.MULTILINE)

ADMIN = ("admin", "Quiet-Harbour-27")  # what specs choose as the new password
PATIENCE = 400  # seconds, for a whole spec on a busy machine


class Browser:
    """One for all specs of a run, each with contexts of its own; started with the first, and again if it ended."""

    def __init__(self):
        self._process = None
        self._endpoint = ""

    def endpoint(self):
        if self._process is None or self._process.poll() is not None:
            self._process = process.spawn(["node", _E2E / "support" / "server.mjs"], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True)
            self._endpoint = self._process.stdout.readline().strip()
        return self._endpoint

    def stop(self):
        if self._process is not None:
            self._process.stdin.close()
            process.stop(self._process)


_browser = Browser()


def stop():
    """At the end of a run."""
    _browser.stop()


def web(port, address="127.0.0.1"):
    """The pages there."""
    return f'management {{ web {{ enabled: true address: "{address}" port: {port} }} }}\n'


def checks(spec):
    """Names of the checks of a spec, in their order."""
    names = _CHECK.findall((_E2E / "specs" / f"{spec}.mjs").read_text())
    assert names and len(names) == len(set(names)), f"{spec}: {names}"
    return names


class Results:
    """What a spec found."""

    def __init__(self, found, output):
        self.found = found
        self.output = output

    def expect(self, name):
        result = self.found.get(name)
        if result is None:
            pytest.fail(f"the spec ended before this check\n{self.output}", pytrace=False)
        if not result["ok"]:
            pytest.fail(f"{result['error']}\n{self.output}", pytrace=False)


def run(spec, aloha, port, address="127.0.0.1", machine=None, **environment):
    """Runs a whole spec against an instance; `environment`: what else it needs, as FARM="…". `machine`: of a
    network.Network, where the browser runs."""
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in environment.items()}
    folder = os.environ.get("ALOHA_E2E_FAILURES") or tempfile.gettempdir()
    command = ["node", _E2E / "specs" / f"{spec}.mjs"]
    env = {**os.environ, "ALOHA_URL": f"https://{address}:{port}", "ALOHA_CTL": str(aloha.bin / "alohactl"),
           "ALOHA_ENDPOINT": f"unix:{aloha.socket}", "ALOHA_FAILURES": folder, **values}
    if machine:
        command = machine.command(command)
    else:
        env["ALOHA_BROWSER"] = _browser.endpoint()
    try:
        done = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        output = done.stdout
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace") + f"\nended after {PATIENCE} s"
    found, rest = {}, []
    for line in output.splitlines():
        if line.startswith("RESULT "):
            result = json.loads(line.removeprefix("RESULT "))
            found[result["name"]] = result
        else:
            rest.append(line)
    return Results(found, "\n".join(rest[-40:]))


def start(start_aloha, config, **options):
    """An instance with pages; (instance, port)."""
    port = ports.free_port()
    aloha = start_aloha(config + web(port), **options)

    def listens():
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    until(listens, 20, "the web interface listens")
    return aloha, port
