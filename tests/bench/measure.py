"""Balancers side by side: started on a core of their own, their CPU time read, the figures put in a table."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BALANCER_CORE, LOAD_CORE = {0}, {(os.cpu_count() or 1) - 1}


def demand(program, *tools):
    """Ends the program unless these are installed."""
    for tool in tools:
        if not shutil.which(tool):
            sys.exit(f"{program}: {tool} is not installed; deploy/install-deps does it")


def free_ports(number):
    """Ports nobody listens on at the moment, below those that the kernel gives to clients."""
    found = []
    for port in range(20000, 32000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == number:
            return found
    sys.exit("compare: not enough free ports")


def wait_for(port, process):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"port {port} does not answer")


def spawn(command, cores, **options):
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                            preexec_fn=lambda: os.sched_setaffinity(0, cores), **options)


def descendants(pid):
    """A process and all its children's children that live."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                parent = int(pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pids):
    # The kernel's number of another process's CPU clock, as clock_getcpuclockid(3) computes it.
    return sum(time.clock_gettime_ns(~pid << 3 | 2) for pid in pids) / 1e9


def own_bytes(pids):
    """Memory that belongs to the processes alone; None where the system does not let us look."""
    total = 0
    for pid in pids:
        try:
            lines = pathlib.Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
        except PermissionError:
            return None
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return total


class Balancer:
    """A balancer under measurement, started in a folder of its own."""

    def __init__(self, name, command, config, text, ports, prepare=None):
        """`prepare(folder)` is called as soon as the process is there, if it takes more than a file to set it up."""
        self.name, self.ports = name, ports
        self._command, self._config, self._text, self._prepare = command, config, text, prepare

    def __enter__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="compare-"))
        self._folder.chmod(0o755)
        (self._folder / self._config).write_text(self._text)
        self._log = (self._folder / "log").open("w")
        command = [str(word).format(folder=self._folder) for word in self._command]
        self._process = spawn(command, BALANCER_CORE, stdout=self._log, stderr=self._log)
        try:
            if self._prepare:
                self._prepare(self._folder)
            for port in self.ports.values():
                wait_for(port, self._process)
        except RuntimeError as error:
            log = (self._folder / "log").read_text()[-3000:]
            self.__exit__()
            sys.exit(f"compare: {self.name} did not start: {error}\n{log}")
        return self

    def __exit__(self, *_):
        pids = descendants(self._process.pid)
        for _ in range(2):  # the second one asks not to wait for sessions
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(3)
        for pid in pids[1:] + ([self._process.pid] if self._process.poll() is None else []):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pids(self):
        return descendants(self._process.pid)


class Load:
    """Traffic from aloha-load, and what it costs a balancer."""

    def __init__(self, program, binaries):
        self._program, self._tool = program, binaries / "aloha-load"
        if not self._tool.exists():
            sys.exit(f"{program}: {self._tool} is not there; build it with "
                     "cmake --preset release && cmake --build --preset release")

    def origin(self, ports):
        return spawn([self._tool, "origin", *ports], LOAD_CORE)

    def run(self, balancer, *arguments):
        """CPU seconds, and the tool's report."""
        pids = balancer.pids()
        before = cpu_seconds(pids)
        tool = spawn([self._tool, *arguments], LOAD_CORE, stdout=subprocess.PIPE, text=True)
        report = json.loads(tool.communicate(timeout=300)[0])
        cost = cpu_seconds(pids) - before
        if report["errors"]:
            self.fail(balancer, arguments, f"{report['errors']} errors")
        return cost, report

    def per_operation(self, balancer, *arguments):
        """CPU time in µs."""
        cost, report = self.run(balancer, *arguments)
        return cost * 1e6 / report["operations"]

    def per_gib(self, balancer, *arguments):
        """CPU time in s."""
        cost, report = self.run(balancer, *arguments)
        return cost * (1 << 30) / report["bytes"]

    def memory(self, balancer, what, port, sessions):
        """Bytes per session that `what` holds idle, on a fresh process; None where it cannot be read."""
        before = own_bytes(balancer.pids())
        arguments = [what, port, sessions]
        tool = spawn([self._tool, *arguments], LOAD_CORE, stdout=subprocess.PIPE, text=True)
        report = json.loads(tool.stdout.readline())
        time.sleep(1)
        after = own_bytes(balancer.pids())
        tool.communicate()
        if report["errors"]:
            self.fail(balancer, arguments, f"{report['errors']} errors")
        return None if before is None else max(after - before, 0) / sessions

    def fail(self, balancer, arguments, what):
        sys.exit(f"{self._program}: {balancer.name}: {what} in {' '.join(map(str, arguments))}")


def rounds(everyone, cases, number):
    """{case: {balancer: [cost of each round]}}"""
    costs = {case: {b.name: [] for b in everyone} for case in cases}
    with contextlib.ExitStack() as stack:
        for balancer in everyone:
            stack.enter_context(balancer)
        for balancer in everyone:  # warm up
            for run in cases.values():
                run(balancer)
        for turn in range(number):
            order = everyone[turn % len(everyone):] + everyone[:turn % len(everyone)]
            for case, run in cases.items():
                for balancer in order:
                    costs[case][balancer.name].append(run(balancer))
    return costs


def shown(values):
    """Median, and the range where there is one."""
    if not values or None in values:
        return "not readable"
    digits = 0 if statistics.median(values) >= 100 else 2
    text = f"{statistics.median(values):,.{digits}f}"
    return text + (f" ({min(values):,.{digits}f}–{max(values):,.{digits}f})" if len(values) > 1 else "")


def table(costs, names):
    subject = names[-1]
    yield "| CPU time or memory | " + " | ".join(names) + "".join(f" | {subject} / {n}" for n in names[:-1]) + " |"
    yield "|---" * (2 * len(names)) + "|"
    for case, by_name in costs.items():
        cells = [case] + [shown(by_name[name]) for name in names]
        for name in names[:-1]:
            pairs = list(zip(by_name[subject], by_name[name]))
            known = all(mine is not None and theirs for mine, theirs in pairs)
            cells.append(f"{statistics.median(m / t for m, t in pairs):.2f}" if known else "–")
        yield "| " + " | ".join(cells) + " |"
