"""Machines at a switch, each a network namespace: links that can be unplugged, cut and partitioned. Needs root."""
import concurrent.futures
import contextlib
import ctypes
import itertools
import os
import pathlib
import subprocess

import process

_CLONE_NEWNET = 0x40000000
_NAMESPACES = pathlib.Path("/run/netns")
_PREFIX = "alohatest"
_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)

INTERFACE = "eth0"  # of every machine; it is alone in its namespace


def ip(*words, namespace=None):
    """iproute2; several commands may be given at once, one a line."""
    prefix = ["-n", namespace] if namespace else []
    text = " ".join(map(str, words))
    subprocess.run(["ip", *prefix, "-batch", "-"], input=text, text=True, check=True, capture_output=True)


def inside(namespace, action):
    """action() in a thread that is in the namespace; sockets that it opens stay there."""
    def work():
        with open(_NAMESPACES / namespace, "rb") as place:
            if _libc.setns(place.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
        return action()
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def _sweep():
    """Namespaces of tests that were killed."""
    if not _NAMESPACES.exists():
        return
    for name in os.listdir(_NAMESPACES):
        kind, _, rest = name.partition("-")
        owner = rest.partition("-")[0]
        if kind == _PREFIX and owner.isdigit() and not process.alive(int(owner)):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


class Machine:
    """One of a network: addresses `v4`, `v6` and `link_local`, namespace `namespace`."""

    def __init__(self, network, name, number):
        self.network, self.name, self.number = network, name, number
        self.namespace = f"{network.name}-{name}"
        self.port = f"p{number}"
        self.mac = f"02:00:00:00:00:{number:02x}"
        self.v4 = f"10.99.0.{number}"
        self.v6 = f"fd99::{number:x}"
        self.link_local = f"fe80::ff:fe00:{number:x}"

    def addresses(self):
        return (self.v4, self.v6, self.link_local)

    def address(self, family):
        """4 or 6: what adverts come from."""
        return self.v4 if family == 4 else self.link_local

    def command(self, words):
        """The same command, inside; it keeps its pid."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def inside(self, action):
        return inside(self.namespace, action)

    def ip(self, *words):
        ip(*words, namespace=self.namespace)

    def sysctl(self, name, value):
        self.inside(lambda: pathlib.Path("/proc/sys/net", name).write_text(f"{value}\n"))

    def has(self, address):
        """That address is set on the interface."""
        shown = subprocess.run(["ip", "-n", self.namespace, "-o", "addr", "show", "to", address], text=True,
                               check=True, capture_output=True)
        return bool(shown.stdout)

    def unplug(self):
        """No carrier."""
        self._port(f"link set {self.port} down")

    def plug(self):
        self._port(f"link set {self.port} up")

    def cut(self):
        """Nothing passes, and the machine does not notice."""
        self.network.bridge(f"link set dev {self.port} state 0")

    def mend(self):
        self.network.bridge(f"link set dev {self.port} state 3")

    def _port(self, command):
        ip(command, namespace=self.network.switch)


class Network:
    """`names` of the machines; each becomes an attribute. The switch floods multicast, as one without snooping does."""

    def __init__(self, *names):
        if os.geteuid() != 0:
            import pytest  # only here: benchmarks use this file without it
            pytest.skip("needs root, to make network namespaces")
        _sweep()
        self.name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        self.switch = f"{self.name}-switch"
        self.machines = [Machine(self, name, number) for number, name in enumerate(names, 1)]
        for machine in self.machines:
            setattr(self, machine.name, machine)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, name):
        return next(m for m in self.machines if m.name == name)

    def bridge(self, *words):
        """bridge(8) at the switch."""
        subprocess.run(["bridge", "-n", self.switch, *" ".join(words).split()], check=True, capture_output=True)

    def partition(self, *machines):
        """These no longer reach each other; the others still reach all."""
        for machine in machines:
            self.bridge(f"link set dev {machine.port} isolated on")

    def heal(self):
        for machine in self.machines:
            self.bridge(f"link set dev {machine.port} isolated off")

    def close(self):
        for namespace in (*[m.namespace for m in self.machines], self.switch):
            with contextlib.suppress(OSError):
                subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL, check=False)

    def _build(self):
        ip("\n".join(f"netns add {n}" for n in (self.switch, *[m.namespace for m in self.machines])))
        self._quiet(self.switch, ipv6=False)
        ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\nlink set br0 up", namespace=self.switch)
        for machine in self.machines:
            self._quiet(machine.namespace, ipv6=True)
            ip(f"link add {INTERFACE} address {machine.mac} netns {machine.namespace} "
               f"type veth peer name {machine.port} netns {self.switch}")
            ip(f"link set {machine.port} master br0 up", namespace=self.switch)
            machine.ip(f"""link set lo up
                addr add {machine.v4}/24 dev {INTERFACE}
                addr add {machine.v6}/64 dev {INTERFACE} nodad
                link set {INTERFACE} up""")

    @staticmethod
    def _quiet(namespace, ipv6):
        """Addresses may be used at once; the switch itself says nothing."""
        def settings():
            folder = pathlib.Path("/proc/sys/net/ipv6/conf")
            for place in ("all", "default"):
                (folder / place / "accept_dad").write_text("0\n")
                (folder / place / "router_solicitations").write_text("0\n")
                (folder / place / "disable_ipv6").write_text("0\n" if ipv6 else "1\n")
        inside(namespace, settings)
