"""aloha-farm: simulated CAS and HUB servers, and the port that makes them misbehave."""
import json
import socket
import subprocess

import ports
import process
from paths import BIN


class Farm:
    """Runs until stop(). Ports are the same on all servers of a kind."""

    CAS = ("imap", "imaps", "pop3", "pop3s", "mapper", "rpc", "addressbook", "http", "https")
    HUB = ("smtp", "submission", "smtps")

    def __init__(self, cas=2, hub=2, arguments=()):
        """`arguments`: further flags, as ("--certificate", FILE)."""
        self.ports = {name: ports.free_port() for name in self.CAS + self.HUB}
        command = [BIN / "aloha-farm", "--cas", cas, "--hub", hub, *arguments]
        for name, port in self.ports.items():
            command += ["--port", f"{name}={port}"]
        self.process = process.spawn(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, f"aloha-farm ended with {self.process.wait(5)}"
        description = json.loads(line)
        self.control = description["control"]
        self.addresses = {s["name"]: s["address"] for s in description["servers"]}
        self._socket = socket.create_connection(("127.0.0.1", self.control))
        self._file = self._socket.makefile("rw")

    def __call__(self, command):
        """One control command: farm("stall CAS1 imap"). Gives JSON decoded, or the text of the answer."""
        self._file.write(command + "\n")
        self._file.flush()
        answer = self._file.readline().strip()
        assert not answer.startswith("error"), f"{command}: {answer}"
        return json.loads(answer) if answer.startswith("{") else answer

    def counts(self, service, field="connections"):
        """{"CAS1": 3, "CAS2": 4} for one service."""
        return {s: c[service][field] for s, c in self("count").items() if service in c}

    def server(self, name, service):
        return (self.addresses[name], self.ports[service])

    def servers(self, kind):
        """Names of the servers of a kind, "CAS" or "HUB"."""
        return [name for name in self.addresses if name.startswith(kind)]

    def stop(self):
        self._file.close()
        self._socket.close()
        process.stop(self.process)
        self.process.stdout.close()
