"""Whatever dies or is replaced on a node: does the address move when it must, and only then? Needs root, for namespaces.

Two products; the timeout of the adverts is long against the time in which a process is replaced."""
import os
import shutil
import time

import process
import pytest
from paths import BIN
from vrrp import Site
from wait import until

INTERVAL = 0.5


@pytest.fixture(scope="module")
def site(module_folder):
    """`us` is the master, from binaries of its own, which can be replaced."""
    binaries = module_folder / "bin"
    binaries.mkdir()
    for name in os.listdir(BIN):
        if name.startswith("aloha"):
            os.link(BIN / name, binaries / name)
    with Site(module_folder / "site", both=True, interval=INTERVAL, ours={"priority": 150, "services": SERVICE},
              theirs={"priority": 100, "services": SERVICE}) as made:
        made.us.aloha.bin = binaries
        made.us.start()
        made.them.start()
        made.wait("us")
        made.them.wait_state("BACKUP")
        yield made


SERVICE = """virtual_service { name: "mail" listener { address: "0.0.0.0" port: 7000 }
  server { name: "s1" address: "127.0.0.1" port: 7001 } }"""


class NoFailover:
    """Around what must not move the address: it stays where it is, the other node notices nothing."""

    def __init__(self, site):
        self._site = site

    def __enter__(self):
        self._begin = time.monotonic()
        self._holdings = len(self._site.watch.holdings)
        return self

    def __exit__(self, failed, *_):
        if failed:
            return
        us = self._site.us
        until(lambda: us.is_in("MASTER"), 15, "the master is known as such", interval=0.05)
        # The other node hears adverts again: what ran out while there were none has run out.
        sent = us.state()["advertsSentTotal"]
        until(lambda: int(us.state()["advertsSentTotal"]) >= int(sent) + 2, 15, "adverts", interval=0.1)
        moved = [(t - self._begin, *rest) for t, *rest in self._site.watch.holdings[self._holdings:]]
        assert moved == []
        adverts = [a for a in self._site.watch.adverts if a.time > self._begin]
        assert {self._site.watch.sender(a) for a in adverts} == {"us"}
        assert 0 not in {a.priority for a in adverts}, "a goodbye"


@pytest.mark.parametrize("worker", ["vrrp", "system"])
def test_a_worker_of_the_master_is_killed(site, worker):
    with NoFailover(site):
        for _ in range(2):
            old = site.us.aloha.worker_pids()[worker]
            process.kill(old)
            site.us.aloha.replaced(worker, old)


def test_both_workers_of_the_master_are_killed_at_once(site):
    with NoFailover(site):
        pids = site.us.aloha.worker_pids()
        for worker in ("system", "vrrp"):
            process.kill(pids[worker])
        for worker in ("system", "vrrp"):
            site.us.aloha.replaced(worker, pids[worker])


def test_a_worker_of_the_backup_is_killed(site):
    with NoFailover(site):
        old = site.them.aloha.worker_pids()["vrrp"]
        process.kill(old)
        site.them.aloha.replaced("vrrp", old)
        site.them.wait_state("BACKUP")


def test_the_supervisor_is_killed_again_and_again(site):
    with NoFailover(site):
        before = site.us.aloha.worker_pids()
        for _ in range(3):
            site.us.aloha.kill()
            site.us.start()
        after = site.us.aloha.worker_pids()
        assert (after["vrrp"], after["system"]) == (before["vrrp"], before["system"]), "adopted, not replaced"


def test_nobody_supervises_for_a_while(site):
    with NoFailover(site):
        site.us.aloha.kill()
        before = len(site.watch.adverts)
        until(lambda: len(site.watch.adverts) >= before + 5, what="adverts without a supervisor")
        site.us.start()


@pytest.mark.parametrize("words", [("service", "restart", "vrrp"), ("service", "reload", "vrrp"), ("worker", "restart", "vrrp"),
                                   ("service", "restart", "system"), ("worker", "restart", "system")], ids=" ".join)
def test_a_restart_by_the_administrator(site, words):
    with NoFailover(site):
        old = site.us.aloha.worker_pids()[words[2]]
        site.us.aloha.ctl(*words)
        if words[1] == "restart":
            site.us.aloha.replaced(words[2], old)


def test_other_values_are_applied(site):
    with NoFailover(site):
        site.us.change(priority=160)
        until(lambda: site.us.state()["priority"] == 160, interval=0.05)
        site.us.change(priority=150)


@pytest.mark.parametrize("worker", ["vrrp", "system"])
def test_the_binary_is_replaced_and_the_supervisor_restarted(site, worker):
    """An upgrade: a new supervisor replaces what runs from another file."""
    with NoFailover(site):
        old = site.us.aloha.worker_pids()[worker]
        binary = site.us.aloha.bin / f"aloha-{worker}"
        shutil.copy(binary, f"{binary}.new")
        os.rename(f"{binary}.new", binary)
        site.us.aloha.kill()
        site.us.start()
        site.us.aloha.replaced(worker, old)


def test_a_stop_of_the_service_and_of_the_whole_says_goodbye(site):
    for leave, come in ((site.us.leave, site.us.come), (site.us.stop, site.us.start)):
        begin = time.monotonic()
        leave()
        site.wait("them")
        assert min(a.priority for a in site.watch.adverts if a.time > begin and site.watch.sender(a) == "us") == 0
        come()
        site.wait("us")
    site.check()


def test_aloha_vrrp_cannot_be_started_any_more(site):
    """The address leaves this node before the other takes it, or soon after: never for good on both."""
    binary = site.us.aloha.bin / "aloha-vrrp"
    os.rename(binary, f"{binary}.away")
    shutil.copy("/bin/false", binary)
    begin = time.monotonic()
    process.kill(site.us.aloha.worker_pids()["vrrp"])
    site.wait("them")
    assert site.watch.overlaps(site.address, begin) in ([], [pytest.approx(0, abs=2 * INTERVAL)])
    until(lambda: site.us.aloha.service("vrrp")["state"] == "NOK", 20, "the service is not OK", interval=0.1)
    os.rename(f"{binary}.away", binary)
    site.us.aloha.ctl("service", "restart", "vrrp")
    site.wait("us")


def test_the_whole_node_dies(site):
    last = time.monotonic()
    site.us.machine.cut()
    site.us.die()
    site.wait("us", "them")  # what the dead node's kernel has is its own business
    taken = min(a.time for a in site.watch.adverts if a.time > last and site.watch.sender(a) == "them")
    heard = max(a.time for a in site.watch.adverts if a.time < taken and site.watch.sender(a) == "us")
    assert taken - heard >= 3 * INTERVAL
    site.us.machine.mend()
    site.us.start()  # and takes over what its predecessor left
    site.wait("us")
    assert site.watch.holders(site.address) == {"us"}
