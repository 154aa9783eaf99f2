"""The product on a machine of a network, with virtual addresses; and what is true of any pair of nodes."""
import os
import pathlib
import signal

import process
from aloha import Aloha
from keepalived import Keepalived
from network import Network
from vrrp_watch import Watch
from vrrp_wire import GROUP
from wait import until

VRID = 51
ADDRESS = {4: "10.99.0.100", 6: "fd99::100"}
PREFIX = {4: 24, 6: 64}

# Nothing but virtual addresses and one service on the virtual address, whose server need not exist.
_CONFIG = """
management {{ web {{ enabled: false }} }}
http {{ mode: DISABLED }}
rpc {{ enabled: false }}
high_availability {{
  role: {role}  cluster_id: {vrid}  interface: "eth0"
  version: {version}  priority: {priority}  advert_interval: "{interval}s"  preempt: {preempt}
  {lines}
}}
{services}
"""


def config(addresses, version=3, vrid=VRID, priority=100, interval=0.1, preempt=True, peers=(), role="BACKUP", extra="",
           services=""):
    """`addresses` with their prefixes; `extra` stands in the area, `services` outside."""
    lines = [f'virtual_address: "{a}"' for a in addresses] + [f'peer: "{p}"' for p in peers] + [extra]
    return _CONFIG.format(role=role, vrid=vrid, version=version, priority=priority, interval=interval,
                          preempt="true" if preempt else "false", lines="\n  ".join(lines), services=services)


class Node:
    """The same verbs as keepalived.Keepalived has. `settings` as in config()."""

    def __init__(self, machine, folder, addresses, **settings):
        self.machine, self.settings = machine, {"addresses": addresses, **settings}
        place = pathlib.Path(folder) / f"aloha-{machine.name}"
        place.mkdir()
        self.aloha = Aloha(place, config(**self.settings), machine=machine)

    def rewrite(self):
        """The file, after `settings` were changed by hand, for the next start."""
        self.aloha.file.write_text(config(**self.settings))

    def start(self, wait=True):
        self.aloha.start(wait)
        return self

    def stop(self):
        """Gracefully."""
        self.aloha.stop()

    def end(self):
        """SIGTERM; does not wait."""
        process.kill(self.aloha.process.pid, signal.SIGTERM)

    def log(self):
        return self.aloha.tail()

    def pids(self):
        return [self.aloha.process.pid, *process.descendants(self.aloha.process.pid)]

    def die(self):
        """kill -9 of everything, the supervisor first, so that nothing is started again. What the kernel has stays set."""
        if self.aloha.process is None:
            return
        pids = self.pids()
        for pid in pids:
            process.kill(pid)
        until(lambda: not any(process.alive(pid) for pid in pids[1:]), what="the end of all processes")
        process.stop(self.aloha.process, (signal.SIGKILL,))

    def change(self, **settings):
        """Other values of config(), applied to the running node."""
        self.settings.update(settings)
        return self.aloha.apply(config(**self.settings))

    def leave(self):
        """Gracefully, the rest of the product staying."""
        self.aloha.ctl("service", "stop", "vrrp")

    def come(self):
        self.aloha.ctl("service", "start", "vrrp")

    def routers(self):
        return self.aloha.ctl("vrrp", "show").get("routers", [])

    def state(self, index=0):
        """VirtualRouterState as JSON; {} while aloha-vrrp is away."""
        routers = self.routers()
        return routers[index].get("state", {}) if len(routers) > index else {}

    def is_in(self, state):
        return self.state().get("state") == state

    def wait_state(self, state, timeout=15.0):
        until(lambda: self.is_in(state), timeout, f"{self.machine.name} is {state}", interval=0.05)

    def dropped(self):
        """{"ttl": 3, …}"""
        return {reason: int(number) for reason, number in self.state().get("droppedTotal", {}).items()}


def wait_holders(watch, address, *names, timeout=15.0):
    until(lambda: watch.holders(address) == set(names), timeout, f"{names} have {address}", interval=0.005)


# Who `us` is: ALOHA_VRRP=keepalived shows whether a test is right.
SUBJECT = Keepalived if os.environ.get("ALOHA_VRRP") == "keepalived" else Node


class Site:
    """Two nodes that share addresses, `us` the product and `them` keepalived or, with `both`, the product as well; every
    machine of `more` is there besides. `names` in the order of the machines, the later one having the higher address;
    `families`: of the addresses. Everything ends with the block."""

    def __init__(self, folder, family=4, version=3, unicast=False, names=("us", "them"), ours=None, theirs=None, both=False,
                 interval=None, more=(), families=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.families = families or (family,)
        self.family, self.version, self.unicast = family, version, unicast
        self.address, self.interval = ADDRESS[family], interval or (0.1 if version == 3 else 1)
        self.network = Network(*names, *more)
        self.capture = self.folder / "adverts.pcap"
        self.watch = Watch(self.network, self.capture)
        self.us = self._node(SUBJECT, "us", "them", ours or {})
        self.them = self._node(Node if both else Keepalived, "them", "us", theirs or {})

    def _node(self, kind, own, other, settings):
        peers = [self.network[other].address(self.family)] if self.unicast else ()
        addresses = [f"{ADDRESS[f]}/{PREFIX[f]}" for f in self.families]
        return kind(self.network[own], self.folder, addresses, version=self.version, interval=self.interval, vrid=VRID,
                    peers=peers, **settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in (self.us, self.them):
            node.die()
        self.watch.__exit__()
        self.network.close()

    def wait(self, *names, timeout=20.0):
        """Exactly these have the address."""
        wait_holders(self.watch, self.address, *names, timeout=timeout)

    def check(self, since=0.0, before=float("inf"), takeovers=8):
        """What must be true outside partitions: never two masters, apart from adverts that cross."""
        overlaps = self.watch.overlaps(self.address, since, before)
        assert all(seconds < 0.25 for seconds in overlaps), overlaps
        contested = self.watch.contested(VRID, since, before)
        assert len(contested) <= 2 * takeovers, contested
        ours = [a for a in self.watch.adverts if self.watch.sender(a) == "us"]
        them = self.network["them"].address(self.family)
        to = them if self.unicast else GROUP[self.family]
        hops = 64 if self.unicast and self.family == 6 and SUBJECT is Keepalived else 255
        wrong = [a for a in ours if (a.hops, a.destination, a.version, a.addresses, a.interval) !=
                 (hops, to, self.version, (self.address,), self.interval)]
        assert ours and not wrong, wrong[:5]
