"""A supervisor in a folder of its own, and alohactl against it."""
import json
import os
import pathlib
import signal
import subprocess
import time

import process
from paths import BIN
from wait import until


class Refused(AssertionError):
    """alohactl ended with another code than 0."""

    def __init__(self, command, result):
        super().__init__(f"alohactl {' '.join(command)}: exit {result.returncode}: {result.stderr}{result.stdout}")
        self.code = result.returncode
        self.stderr = result.stderr


class Aloha:
    """`folder` holds configuration, state and run folder and is readable by all; `user`: who runs the supervisor itself
    (by runuser), `arguments`: further flags, as ("--user", "nobody"), `machine`: of a network.Network, where it runs."""

    def __init__(self, folder, config, user=None, arguments=(), bin_folder=BIN, machine=None):
        self.folder = pathlib.Path(folder)
        self.bin = pathlib.Path(bin_folder)
        self.user = user
        self.arguments = list(arguments)
        self.machine = machine
        self.file = self.folder / "aloha.textproto"
        self.state = self.folder / "state"
        self.run = self.folder / "run"
        self.log = self.folder / "log"
        self.socket = self.run / "supervisor.sock"
        self.process = None
        if config is not None:
            self.file.write_text(config)

    def command(self):
        prefix = ["runuser", "-u", self.user, "--"] if self.user else []
        words = [*prefix, self.bin / "aloha-supervisor", "--config", self.file, "--state-dir", self.state,
                 "--run-dir", self.run, *self.arguments]
        return self.machine.command(words) if self.machine else words

    def start(self, wait=True):
        with open(self.log, "a") as log:
            self.process = process.spawn(self.command(), stderr=log, stdout=log)
        if wait:
            self.wait_answers()
        return self

    def pid(self):
        """Of the supervisor itself, below runuser if need be."""
        if not self.user:
            return self.process.pid
        return until(lambda: next((p for p in process.descendants(self.process.pid)
                                   if process.comm(p) == "aloha-superviso"), 0), what="supervisor")

    def raw(self, *words, timeout=60, env=None, **options):
        """alohactl; CompletedProcess with text. env: more of the environment."""
        environment = {**os.environ, "ALOHA_ENDPOINT": f"unix:{self.socket}", **(env or {})}
        return subprocess.run([self.bin / "alohactl", *map(str, words)], env=environment, text=True,
                              capture_output=True, timeout=timeout, **options)

    def ctl(self, *words, **options):
        """alohactl -o json; decoded. Refused when the exit code is not 0."""
        result = self.raw("-o", "json", *words, **options)
        if result.returncode:
            raise Refused([str(w) for w in words], result)
        return json.loads(result.stdout or "{}")

    def apply(self, config, *flags):
        file = self.folder / "apply.textproto"
        file.write_text(config)
        return self.ctl("config", "apply", file, *flags)

    def wait_answers(self, timeout=20):
        def answers():
            code = self.process.poll()
            assert code is None, f"supervisor ended with {code}: {self.tail()}"
            return self.socket.exists() and self.raw("worker", "list").returncode == 0
        until(answers, timeout, "supervisor answers", interval=0.05)

    def wait_serving(self, timeout=20):
        """Every virtual service has listeners and a usable server, and every server has been checked."""
        def serving():
            services = self.ctl("virtual-service", "list").get("virtualServices", [])
            return services and all(s.get("serving") for s in services)
        until(serving, timeout, "virtual services serve", interval=0.05)

    def wait_check(self, service, server, state, timeout=15):
        until(lambda: self.server(service, server).get("checkState") == state, timeout,
              f"{service}/{server} {state}", interval=0.05)

    def server(self, service, name):
        for entry in self.ctl("server", "list").get("servers", []):
            if (entry["virtualService"], entry["name"]) == (service, name):
                return entry
        raise AssertionError(f"no server {service}/{name}")

    def workers(self):
        """{"proxy": {...}, …} as alohactl lists them."""
        return {w["name"]: w for w in self.ctl("worker", "list")["workers"]}

    def worker_pids(self):
        return {name: w["pid"] for name, w in self.workers().items() if w.get("pid")}

    def replaced(self, name, old):
        """Waits for a process of that role other than `old`; its entry."""
        def fresh():
            worker = self.workers().get(name, {})
            return worker if worker.get("pid") not in (None, 0, old) and worker["state"] == "RUNNING" else None
        return until(fresh, 15, f"a new {name}", interval=0.05)

    def service(self, name):
        return {s["name"]: s for s in self.ctl("service", "list")["services"]}[name]

    def tail(self, lines=30):
        """The end of the log, without what polling and load write."""
        kept = [line for line in self.log.read_text().splitlines() if "audit:" not in line and "access:" not in line]
        return "\n".join(kept[-lines:])

    def kill(self):
        """kill -9 of the supervisor alone."""
        process.kill(self.pid())
        self.process.wait(5)

    def stop(self, patience=5.0):
        """SIGTERM drains, the second one stops at once, SIGKILL is the last means; the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None and self.user:
            pid = self.pid()
            for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
                process.kill(pid, number)
                end = time.monotonic() + patience
                while process.alive(pid) and time.monotonic() < end:
                    time.sleep(0.02)
        return process.stop(self.process, (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL), patience)
