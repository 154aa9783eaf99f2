"""What do services, releases and dying processes do to virtual addresses? Two nodes in namespaces of their own (root)."""
import time
import urllib.request

import metric_names
import process
import pytest
from aloha import Refused
from network import Network
from vrrp import ADDRESS, PREFIX, VRID, Node
from vrrp_watch import Watch
from wait import until

SHARED = ADDRESS[4]
# A moment in which a backup would have taken over twice (interval 0.1 s).
QUIET = 0.8
WEB, METRICS = "web { enabled: false }", "web { enabled: false } metrics { enabled: true }"


class Pair:
    """`one` is preferred to `two`. `watch` records whose kernel has the address when, and every advert."""

    def __init__(self, folder):
        self.network = Network("one", "two")
        self.watch = Watch(self.network)
        self.one, self.two = (Node(self.network[name], folder, [f"{SHARED}/{PREFIX[4]}"], priority=priority)
                              for name, priority in (("one", 150), ("two", 100)))
        self.one.aloha.file.write_text(self.one.aloha.file.read_text().replace(WEB, METRICS))

    def settle(self):
        """`one` has the address, `two` waits for its end; answers the moment."""
        until(lambda: self.one.is_in("MASTER") and self.two.is_in("BACKUP") and self.holder() == {"one"}, 20, "settled",
              interval=0.05)
        return time.monotonic()

    def holder(self):
        return self.watch.holders(SHARED)

    def wait_holder(self, name):
        until(lambda: self.holder() == {name}, 15, f"{name} has the address", interval=0.01)

    def moved(self, since):
        return [h for h in self.watch.holdings if h[0] > since and h[2] == SHARED]

    def goodbyes(self, since):
        return [a for a in self.watch.adverts if a.time > since and a.vrid == VRID and a.priority == 0]

    def assert_quiet(self, since):
        time.sleep(QUIET)
        assert self.moved(since) == [] and self.goodbyes(since) == []
        self.settle()
        assert self.moved(since) == []

    def close(self):
        for node in (self.one, self.two):
            node.die()
        self.watch.__exit__()
        self.network.close()


@pytest.fixture(scope="module")
def shared_pair(module_folder):
    pair = Pair(module_folder)
    pair.one.start()
    pair.two.start()
    yield pair
    pair.close()


@pytest.fixture
def pair(shared_pair):
    shared_pair.settle()
    return shared_pair


def vrrp_events(node):
    events = node.aloha.ctl("event", "list", "--subject", "vrrp", "--lines", "1000").get("events", [])
    return [(e["object"], e["text"]) for e in events]  # newest first


def hindrances(node):
    return [h["name"] for h in node.state().get("hindrances", [])]


def test_stop_gives_the_address_up_before_it_answers(pair):
    begin = time.monotonic()
    pair.one.leave()
    assert not pair.one.machine.has(SHARED)
    pair.wait_holder("two")
    assert pair.goodbyes(begin), "a goodbye"
    service = pair.one.aloha.service("vrrp")
    assert service["state"] == "NOK" and "stopped by root" in service["reason"], service
    assert pair.one.state() == {} and pair.one.routers()[0]["addresses"] == [SHARED]
    until(lambda: not pair.one.aloha.workers().get("vrrp", {}).get("pid"), what="the end of aloha-vrrp")
    with pytest.raises(Refused):
        pair.one.aloha.ctl("service", "reload", "vrrp")
    # A supervisor that dies does not start it again.
    pair.one.aloha.kill()
    pair.one.aloha.start()
    assert pair.one.aloha.service("vrrp")["state"] == "NOK"
    assert not pair.one.machine.has(SHARED)
    pair.one.come()
    pair.settle()
    assert pair.one.aloha.service("vrrp")["state"] == "OK"


def test_start_mode_and_events(pair):
    pair.one.aloha.ctl("service", "manual", "vrrp")
    assert pair.one.aloha.service("vrrp")["startMode"] == "MANUAL"
    pair.one.aloha.ctl("service", "auto", "vrrp")
    texts = [text for name, text in vrrp_events(pair.one) if name == "ipv4"]
    assert texts[0].startswith("BACKUP to MASTER: "), texts
    history = pair.one.state()["history"]
    assert history[0]["to"] == "MASTER" and history[0]["why"], history


def test_metrics_agree(pair):
    def read():
        with urllib.request.urlopen("http://127.0.0.1:9101/metrics", timeout=10) as reply:
            return reply.read().decode()
    labels = f'interface="eth0",cluster="{VRID}",router="ipv4"'
    text = pair.one.machine.inside(read)
    metric_names.assert_documented(text)
    for sample in (f'aloha_vrrp_state{{{labels},state="MASTER"}} 1', f"aloha_vrrp_priority{{{labels}}} 150",
                   f"aloha_vrrp_two_masters{{{labels}}} 0"):
        assert sample in text, text
    assert f'aloha_vrrp_transitions_total{{{labels},to="MASTER"}}' in text, text


@pytest.mark.parametrize("words", [("service", "reload", "vrrp"), ("service", "restart", "vrrp"),
                                   ("worker", "restart", "vrrp"), ("service", "restart", "system"),
                                   ("service", "reload", "haproxy"), ("service", "restart", "haproxy")],
                         ids=" ".join)
def test_restart_and_reload_move_nothing(pair, words):
    begin = pair.settle()
    pair.one.aloha.ctl(*words)
    pair.assert_quiet(begin)


def test_restarted_means_another_process_that_goes_on(pair):
    old = pair.one.aloha.worker_pids()["vrrp"]
    pair.one.aloha.ctl("service", "restart", "vrrp")
    assert pair.one.aloha.worker_pids()["vrrp"] != old
    assert not process.alive(old)
    pair.settle()


@pytest.mark.parametrize("role", ["proxy", "health", "system"])
def test_a_process_that_dies_once_moves_nothing(pair, role):
    begin = pair.settle()
    old = pair.one.aloha.worker_pids()[role]
    process.kill(old)
    until(lambda: pair.one.aloha.worker_pids().get(role) not in (None, old), what=f"a new {role}")
    pair.assert_quiet(begin)
    assert "haproxy" not in hindrances(pair.one)


def test_a_supervisor_that_dies_moves_nothing_and_tells_nothing_twice(pair):
    told = len(vrrp_events(pair.one))
    begin = pair.settle()
    pair.one.aloha.kill()
    time.sleep(QUIET)
    pair.one.aloha.start()
    assert pair.one.aloha.workers()["vrrp"]["adopted"]
    pair.assert_quiet(begin)
    assert len(vrrp_events(pair.one)) == told


def test_a_node_that_does_not_serve_yields(pair):
    pair.one.aloha.ctl("service", "stop", "haproxy", "--now")
    pair.wait_holder("two")
    assert hindrances(pair.one) == ["haproxy"]
    state = pair.one.state()
    assert state["effectivePriority"] == 150 // 16 and state["priority"] == 150, state
    assert "haproxy is not OK: stopped by root" in str(vrrp_events(pair.one))
    # So it is for a supervisor that comes while it is so.
    pair.one.aloha.kill()
    pair.one.aloha.start()
    time.sleep(QUIET)
    assert pair.holder() == {"two"} and hindrances(pair.one) == ["haproxy"]
    pair.one.aloha.ctl("service", "start", "haproxy")
    pair.settle()
    assert hindrances(pair.one) == []


def test_a_release_lasts_until_it_is_cancelled(pair):
    pair.one.aloha.ctl("vrrp", "release")
    pair.wait_holder("two")
    assert hindrances(pair.one) == ["released"]
    assert "released by root" in pair.one.aloha.raw("vrrp", "show").stdout
    pair.one.aloha.kill()
    pair.one.aloha.start()
    pair.one.aloha.ctl("service", "restart", "vrrp")
    until(lambda: hindrances(pair.one) == ["released"], what="the fresh process knows")
    assert pair.holder() == {"two"}
    # Alone it serves all the same.
    pair.two.leave()
    pair.wait_holder("one")
    pair.two.come()
    pair.wait_holder("two")
    pair.one.aloha.ctl("vrrp", "release", "--cancel")
    pair.settle()


def test_the_end_of_the_product_begins_with_a_goodbye(pair):
    begin = time.monotonic()
    assert pair.one.aloha.stop(patience=40) == 0
    assert pair.goodbyes(begin)
    assert pair.holder() == {"two"} and not pair.one.machine.has(SHARED)
    pair.one.start()
    pair.settle()


def test_what_cannot_be_shared_keeps_nothing_from_being_served(folder):
    with Network("alone") as network:
        node = Node(network.alone, folder, [f"{SHARED}/{PREFIX[4]}"])
        node.aloha.file.write_text(node.aloha.file.read_text().replace('"eth0"', '"eth7"'))
        try:
            node.start()
            service = node.aloha.service("vrrp")
            assert service["state"] == "NOK" and "eth7" in service["reason"], service
            assert node.aloha.service("haproxy")["state"] == "OK"
            network.alone.ip("link add eth7 type veth peer name eth8\nlink set eth7 up\nlink set eth8 up\n"
                             "addr add 10.98.0.2/24 dev eth7")
            until(lambda: node.is_in("MASTER"), 20, "the interface came, and the address with it", interval=0.1)
            assert node.aloha.service("vrrp")["state"] == "OK"
        finally:
            node.die()
