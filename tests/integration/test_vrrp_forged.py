"""What do forged adverts do? They change nothing and are counted by reason. Needs root, for namespaces.

Two products share addresses, a third machine at the same switch sends. Every forged packet is an advert of theirs but for
one thing."""
import dataclasses
import random
import time

import process
import pytest
from vrrp import ADDRESS, VRID, Site
from vrrp_wire import Advert, Forger
from wait import until

TIMES = 3
STRANGER = {4: "10.99.0.77", 6: "fe80::77"}

WRONG = {  # name: (reason, what is other than in a good advert)
    "ttl 254": ("ttl", {"ttl": 254}),
    "ttl 1": ("ttl", {"ttl": 1}),
    "another VRID": ("vrid", {"vrid": VRID + 1}),
    "VRID 0": ("vrid", {"vrid": 0}),
    "checksum": ("checksum", {"bad_checksum": True}),
    "too short": ("length", {"cut": 3}),
    "too long": ("length", {"tail": bytes(5)}),
    "more addresses promised": ("length", {"count": 3}),
    "255 addresses promised": ("length", {"count": 255}),
    "no address": ("count", {"addresses": ()}),
    "version 1": ("version", {"version": 1}),
    "version 15": ("version", {"version": 15}),
    "type 2": ("type", {"type": 2}),
    "other addresses": ("addresses", {"addresses": ("other",)}),
    "a stranger as the owner of others": ("addresses", {"priority": 255, "addresses": ("other",)}),
    "a stranger's goodbye": ("other", {"priority": 0}),
}
ONLY = {
    3: {"no whole header": ("length", {"addresses": (), "cut": 4}), "interval 0": ("interval", {"interval": 0}),
        "version 2": ("version", {"version": 2, "interval": 1})},
    2: {"no whole header": ("length", {"addresses": (), "cut": 12}), "another interval": ("interval", {"interval": 2}),
        "version 3": ("version", {"version": 3}),
        "password": ("auth_type", {"auth_type": 1, "auth_data": b"password"}),
        "AH": ("auth_type", {"auth_type": 2})},
}


def good(site, family, **changes):
    """An advert that the nodes would take: the priority is lower than both nodes'."""
    other = {4: "10.99.0.101", 6: "fd99::101"}[family]
    if changes.get("addresses") == ("other",):
        changes["addresses"] = (other,)
    return Advert(**{"source": STRANGER[family], "addresses": (ADDRESS[family],), "vrid": VRID, "version": site.version,
                     "priority": 40, "interval": site.interval, **changes})


def started(folder, **options):
    site = Site(folder, both=True, more=("stranger",), ours={"priority": 150}, theirs={"priority": 100}, **options)
    try:
        site.us.start()
        site.them.start()
        site.wait("us")
        site.them.wait_state("BACKUP")
        # The priority is lower until the virtual services are up.
        until(lambda: {r["state"].get("effectivePriority") for r in site.us.routers()} == {150}, 20, "full priority")
        until(lambda: {r["state"].get("effectivePriority") for r in site.them.routers()} == {100}, 20, "full priority")
        site.forger = Forger(site.network["stranger"])
    except BaseException:
        site.__exit__()
        raise
    return site


@pytest.fixture(scope="module", params=[3, 2], ids=["version 3", "version 2"])
def site(request, module_folder):
    families = (4, 6) if request.param == 3 else (4,)
    made = started(module_folder / f"v{request.param}", version=request.param, families=families)
    with made:
        yield made
        made.forger.close()


class Unchanged:
    """Around what must not change anything: states, who has the addresses, and adverts of one master."""

    def __init__(self, site, but=()):
        """`but`: fields that may change."""
        self._site, self._but = site, but

    def _facts(self):
        fields = {"state", "sinceUs", "why", "effectivePriority", "twoMasters", "history", "problem"} - set(self._but)
        return {(node.machine.name, index): {f: r["state"].get(f) for f in fields}
                for node in (self._site.us, self._site.them) for index, r in enumerate(node.routers())}

    def __enter__(self):
        self._begin, self._before = time.monotonic(), self._facts()
        self._holdings = len(self._site.watch.holdings)

    def __exit__(self, failed, *_):
        if failed:
            return
        time.sleep(1.5 * self._site.interval)  # a timer that was set short would end
        assert self._facts() == self._before
        assert self._site.watch.holdings[self._holdings:] == []
        own = {self._site.network["us"].address(f) for f in self._site.families}
        real = {a.source for a in self._site.watch.adverts if a.time > self._begin and a.priority in (150, 100)}
        assert real <= own, real


def dropped(node, family):
    """Of the router of that family."""
    for router in node.routers():
        if (":" in router["addresses"][0]) == (family == 6):
            return {reason: int(n) for reason, n in router["state"].get("droppedTotal", {}).items()}
    raise AssertionError(f"no router for IPv{family}: {node.routers()}")


def test_what_is_wrong_in_one_way_changes_nothing_and_is_counted(site):
    expected = {}
    with Unchanged(site):
        before = {(n, f): dropped(n, f) for n in (site.us, site.them) for f in site.families}
        for family in site.families:
            for name, (reason, changes) in {**WRONG, **ONLY[site.version]}.items():
                if family == 6 and changes.get("version") == 2:
                    reason = "version"
                site.forger.send(good(site, family, **changes), TIMES)
                expected[family, reason] = expected.get((family, reason), 0) + TIMES

        def counted(node, family):
            now = dropped(node, family)
            return {r: n - before[node, family].get(r, 0) for r, n in now.items() if n != before[node, family].get(r, 0)}

        for node in (site.us, site.them):
            for family in site.families:
                wanted = {r: n for (f, r), n in expected.items() if f == family}
                try:
                    until(lambda: counted(node, family) == wanted, 5, interval=0.1)
                except AssertionError:
                    assert counted(node, family) == wanted, (node.machine.name, family)


def test_an_advert_from_the_own_address(site):
    """Linux takes no packet from an own IPv4 address off the wire; where it is told to, aloha-vrrp takes none."""
    us = site.us
    for place in ("all", "eth0"):
        us.machine.sysctl(f"ipv4/conf/{place}/accept_local", 1)
    with Unchanged(site):
        for family in site.families:
            before = dropped(us, family).get("own_address", 0)
            advert = good(site, family, source=us.machine.address(family), priority=200)
            for _ in range(TIMES):
                site.forger.send_to(advert, us.machine.mac)
            until(lambda: dropped(us, family).get("own_address", 0) == before + TIMES, 5,
                  f"counted for IPv{family}", interval=0.1)


FLOODS = {
    "bad checksum": lambda a: [dataclasses.replace(a, bad_checksum=True)],
    "another VRID": lambda a: [dataclasses.replace(a, vrid=VRID + 1)],
    "lesser masters from everywhere": lambda a: [
        dataclasses.replace(a, source=f"10.99.{random.randrange(1, 255)}.{n % 254 + 1}", priority=1) for n in range(2000)],
}


def test_floods_at_full_speed(site):
    """One core's worth of packets: masters stay, their adverts are still heard, and aloha-vrrp costs little."""
    vrrp = {node: node.aloha.worker_pids()["vrrp"] for node in (site.us, site.them)}
    for name, forge in FLOODS.items() if site.version == 3 else [*FLOODS.items()][:1]:
        frames = [a.frame(site.network["stranger"].mac) for a in forge(good(site, 4))]
        # Many lesser masters are what the alarm about two masters is for.
        with Unchanged(site, but={"twoMasters"} if "masters" in name else ()):
            cpu = {node: process.cpu_seconds(pid) for node, pid in vrrp.items()}
            sent, seconds = site.forger.flood(frames, seconds=1.0, most=200_000)
            for node, pid in vrrp.items():
                used = process.cpu_seconds(pid) - cpu[node]
                assert used < 0.35 * seconds + 0.1, (name, node.machine.name, used, sent)
            assert sent > 5000, sent


def test_with_a_named_peer_no_stranger_is_heard(folder):
    with started(folder / "unicast", unicast=True) as site, Unchanged(site):
        for priority in (0, 1, 200, 255):
            for destination in (None, site.us.machine.v4, site.them.machine.v4):
                advert = good(site, 4, priority=priority, destination=destination)
                for machine in (site.us.machine, site.them.machine):
                    site.forger.send_to(advert, machine.mac)
        for node in (site.us, site.them):
            # A host that has not joined the group may never see what is sent to it.
            until(lambda: dropped(node, 4).get("unknown_peer", 0) in (4, 8), 5, "counted", interval=0.1)
            assert set(dropped(node, 4)) == {"unknown_peer"}
        site.forger.close()
