"""Does the product share addresses with keepalived, in both roles, whatever the transport, and never two at once?

Most of the time is waiting for timers, so the scenarios run side by side, each in a network of its own; a test waits for
the end of its scenario. ALOHA_VRRP=keepalived puts keepalived on both sides."""
import concurrent.futures
import time

import pytest
import vrrp
from vrrp import Site
from vrrp_watch import tshark
from wait import until

TRANSPORTS = {  # (family, version, unicast)
    "v2": (4, 2, False), "v2-unicast": (4, 2, True), "v3": (4, 3, False), "v3-unicast": (4, 3, True),
    "v3-ipv6": (6, 3, False), "v3-ipv6-unicast": (6, 3, True),
}
PRODUCT = vrrp.SUBJECT is vrrp.Node


def since_goodbye(site, of, by):
    """Seconds from the last goodbye of the one to the next advert of the other."""
    adverts = [(a.time, site.watch.sender(a), a.priority) for a in list(site.watch.adverts)]
    goodbye = max(t for t, name, priority in adverts if name == of and priority == 0)
    return min(t for t, name, _ in adverts if name == by and t > goodbye) - goodbye


def assert_by_goodbye(site, of, by):
    """That it took over by the goodbye, not because nothing was heard: looked at where the latter takes seconds, since a
    busy machine can be late by tenths."""
    if site.interval >= 1:
        assert since_goodbye(site, of, by) < 1.5 * site.interval


def life(folder, family, version, unicast):
    """Elected, left, come back, made the lesser one; then its better leaves, comes back, and dies; then it dies itself."""
    with Site(folder, family, version, unicast, ours={"priority": 150}, theirs={"priority": 100}) as site:
        us, them = site.us, site.them
        us.start()
        them.start()
        site.wait("us")
        us.leave()
        site.wait("them")
        assert_by_goodbye(site, "us", "them")
        us.come()
        site.wait("us")
        us.change(priority=50)
        site.wait("them")
        them.leave()
        site.wait("us")
        assert_by_goodbye(site, "them", "us")
        them.come()
        site.wait("them")
        site.check()
        broken = time.monotonic()
        them.machine.cut()
        them.die()
        site.wait("us", "them")  # what the dead machine's kernel has is its own business
        last = max(a.time for a in site.watch.adverts if site.watch.sender(a) == "them")
        first = min(a.time for a in site.watch.adverts if site.watch.sender(a) == "us" and a.time > last)
        assert first - last > 3 * site.interval
        them.machine.ip(f"addr del {site.address}/{vrrp.PREFIX[family]} dev eth0")
        them.machine.mend()
        them.change(priority=20)
        them.start()
        until(lambda: site.watch.masters(vrrp.VRID, time.monotonic() - 2.5 * site.interval) == {"us"})
        site.wait("us")
        us.machine.cut()
        us.die()
        site.wait("us", "them")
        site.check(before=broken)
    return site.capture


def tie(folder, family, names):
    """A partition of equals: both are masters, until it heals and the higher address stays."""
    better = names[1]
    with Site(folder, family, names=names, ours={"priority": 100}, theirs={"priority": 100}) as site:
        site.us.start()
        site.wait("us")
        site.them.start()
        site.check()
        site.network.partition(*site.network.machines)
        site.wait("us", "them")
        parted = time.monotonic()
        time.sleep(0.5)  # masters on both sides, for a while
        assert site.watch.masters(vrrp.VRID, parted + 0.1) == {"us", "them"}
        site.network.heal()
        healed = time.monotonic()
        site.wait(better)
        if better == "us" and PRODUCT:
            # Nobody else tells switches and clients where the address is.
            until(lambda: any(m == "us" and t > healed and a == site.address
                              for t, m, a in list(site.watch.announcements)), 15, "the address is announced again")
        time.sleep(5 * site.interval)
        site.wait(better)
        site.check(since=time.monotonic() - 3 * site.interval)
    return site.capture


def no_preempt(folder):
    """The better one lets the lesser one be, both ways round."""
    with Site(folder, ours={"priority": 150, "preempt": False}, theirs={"priority": 100, "preempt": False}) as site:
        site.them.start()
        site.wait("them")
        site.us.start()
        if PRODUCT:
            site.us.wait_state("BACKUP")
        time.sleep(8 * site.interval)
        site.wait("them")
        site.them.leave()
        site.wait("us")
        site.us.change(priority=50)
        site.them.come()
        time.sleep(8 * site.interval)
        site.wait("us")
        site.us.leave()
        site.wait("them")
        site.check()
    return site.capture


def hindrances(folder):
    """What keeps the product from serving makes it the lesser one."""
    with Site(folder, ours={"priority": 150, "services": SERVICE}, theirs={"priority": 100}) as site:
        us = site.us
        us.start()
        site.them.start()
        site.wait("us")
        for begin, end, reason in ((("service", "stop", "haproxy", "--now"), ("service", "start", "haproxy"), "haproxy"),
                                   (("vrrp", "release"), ("vrrp", "release", "--cancel"), "released")):
            us.aloha.ctl(*begin)
            site.wait("them")
            state = us.state()
            assert [h["name"] for h in state["hindrances"]] == [reason], state
            assert state["effectivePriority"] == 150 // 16 and state["priority"] == 150, state
            us.aloha.ctl(*end)
            site.wait("us")
        site.check()
        us.machine.unplug()
        site.wait("them")
        us.wait_state("FAULT")
        us.machine.plug()
        site.wait("us")
        us.wait_state("MASTER")
        history = us.state()["history"]
        assert {"from": "MASTER", "to": "FAULT"}.items() <= history[2].items(), history
        assert all(entry["why"] for entry in history), history
        assert "eth0" in history[2]["why"], history
    return site.capture


SERVICE = """virtual_service { name: "mail" listener { address: "0.0.0.0" port: 7000 }
  server { name: "s1" address: "127.0.0.1" port: 7001 } }"""

SCENARIOS = {
    **{f"life {name}": (life, *transport) for name, transport in TRANSPORTS.items()},
    "tie lower address": (tie, 4, ("us", "them")), "tie higher address": (tie, 4, ("them", "us")),
    "tie lower IPv6 address": (tie, 6, ("us", "them")), "tie higher IPv6 address": (tie, 6, ("them", "us")),
    "no preempt": (no_preempt,),
    **({"hindrances": (hindrances,)} if PRODUCT else {}),
}


@pytest.fixture(scope="module")
def running(module_folder):
    """Scenarios by name, as futures."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(scenario, module_folder / name.replace(" ", "-"), *arguments)
               for name, (scenario, *arguments) in SCENARIOS.items()}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_beside_keepalived(running, name):
    number, complaints = tshark(running[name].result())
    assert number > 10 and not complaints, complaints[:10]
