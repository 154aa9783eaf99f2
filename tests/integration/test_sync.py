"""Has the other node what this one has: configuration, certificates with their keys, states, secrets, who belongs where;
all of it or none, whatever dies in between?"""
import pathlib
import time

import pair
import process
import pytest
from wait import until

_TLS = pair.service("secure", pair.SECURE, listener='tls { certificate: "mail" }', extra="")
_ALL = pair.service() + _TLS


@pytest.fixture
def nodes(folder, request):
    """Paired nodes; the first has a service, the second nothing."""
    made = pair.Pair(folder, pair.service())
    request.node.alohas = list(made.nodes.values())
    try:
        made.start()
        made.join()
        yield made
    finally:
        made.stop()


def running(node):
    """The running configuration as text."""
    return node.ctl("config", "show")["text"]


def shared(node):
    """Without what belongs to the node."""
    lines = running(node).splitlines()
    return [line for line in lines if not line.strip().startswith(("role:", "priority:", "interface:"))]


def key_files(node):
    return {path.name for path in pathlib.Path(node.state, "keys").glob("*.key")}


def versions(node):
    return node.ctl("config", "history").get("versions", [])


def test_everything_arrives(nodes, pki):
    one, two = nodes.one, nodes.two
    # A node that was only told which part it plays takes over what the other one has.
    nodes.wait()
    until(lambda: shared(one) == shared(two), 10, "the same configuration")
    assert "role: BACKUP" in running(two)
    two.wait_serving()

    one.ctl("certificate", "import", pki.leaf("mail", "rsa2048").pem)
    one.ctl("ca", "import", pki.ca, "--name", "corp")
    nodes.apply("one", _ALL, "--save")
    one.ctl("server", "drain", "mail/s2")
    nodes.wait()
    until(lambda: shared(one) == shared(two), 10, "the same configuration")
    until(lambda: two.server("mail", "s2").get("adminState") == "DRAIN", 10, "the state")
    assert {c["name"] for c in two.ctl("certificate", "list")["certificates"]} >= {"mail"}
    assert [c["name"] for c in two.ctl("ca", "list")["trustAnchors"]] == ["corp"]
    assert two.ctl("config", "show", "--saved")["text"] == running(two)
    newest = next(v for v in versions(two) if v.get("running"))
    assert newest["actor"].startswith("node "), newest
    secrets = {(node.state / "persistence.textproto").read_bytes() for node in (one, two)}
    assert len(secrets) == 1

    # The private key is in aloha-keys' folder there and nowhere else, and its certificate serves.
    assert key_files(one) == key_files(two) != set()
    context = pair.context(pki)
    first = until(lambda: nodes.secure("two", context), 10, "TLS on two")
    leaf = pki.leaf("mail-same", "rsa2048")  # another one, to be sure that the first is what is shown
    assert first.certificate and leaf.fingerprint
    # Tickets of one resume on the other.
    session = nodes.secure("one", context).kept
    assert nodes.secure("two", context, session).reused
    assert nodes.secure("one", context, first.kept).reused

    # The other way round, and what is taken away.
    nodes.apply("two", pair.service(extra='persistence { source_address {} expiry: "20m" }'), "--save")
    nodes.wait()
    until(lambda: "20m" in running(one), 10, "the change of two")
    assert "role: MASTER" in running(one)
    two.ctl("certificate", "delete", "mail")
    nodes.wait()
    until(lambda: "mail" not in {c["name"] for c in one.ctl("certificate", "list").get("certificates", [])}, 10)
    two.ctl("server", "ready", "mail/s2")
    until(lambda: one.server("mail", "s2").get("adminState") in (None, "READY"), 10, "READY again")
    counters = nodes.sync(one)["counters"]
    assert int(counters["updatesReceivedTotal"]) >= 2 and int(counters["keysSentTotal"]) >= 1

    # What waits for confirmation is not sent before it is confirmed.
    nodes.apply("one", pair.service(extra='persistence { source_address {} expiry: "21m" }'), "--confirm", "60")
    one.ctl("server", "drain", "mail/s1")
    assert "21m" not in running(two)
    one.ctl("config", "confirm")
    until(lambda: "21m" in running(two), 10, "the confirmed change")
    nodes.wait()
    assert two.server("mail", "s1").get("adminState") == "DRAIN"


def test_a_refusal_leaves_everything(folder, request):
    place = folder / "secrets"
    place.mkdir()
    nodes = pair.Pair(folder, pair.service(), {"one": ("--secrets-dir", place)})
    request.node.alohas = list(nodes.nodes.values())
    try:
        nodes.start()
        nodes.join()
        nodes.wait()
        before, numbers = running(nodes.two), [v["version"] for v in versions(nodes.two)]
        # It runs on the one that has a folder of secrets; on the other the file cannot be read.
        (place / "mail.pem").write_text("")
        nodes.apply("one", pair.service() + 'certificate_file { name: "mail" path: "mail.pem" }')
        nodes.wait("REFUSED")
        reason = nodes.sync(nodes.one)["reason"]
        assert "refuses" in reason and "--secrets-dir" in reason, reason
        assert running(nodes.two) == before
        assert [v["version"] for v in versions(nodes.two)] == numbers
        diff = nodes.sync(nodes.one, diff=True)["diff"]
        assert any(line.startswith("+certificate_file") for line in diff.splitlines()), diff
        events = [e["text"] for e in nodes.one.ctl("event", "list")["events"] if e["subject"] == "sync"]
        assert sum("refuses" in text for text in events) == 1, events
        nodes.apply("one", pair.service(extra='persistence { source_address {} expiry: "20m" }'))
        nodes.wait()
        assert "20m" in running(nodes.two)
    finally:
        nodes.stop()


def expiry(minutes):
    return pair.service(extra=f'persistence {{ source_address {{}} expiry: "{minutes}m" }}')


def test_both_changed_while_apart(nodes):
    nodes.wait()
    for machine in (nodes.network.one, nodes.network.two):
        machine.cut()
    nodes.wait("DISCONNECTED", timeout=40)
    nodes.apply("one", expiry(11))
    nodes.apply("two", expiry(12))
    for machine in (nodes.network.one, nodes.network.two):
        machine.mend()
    nodes.wait("CONFLICT", timeout=60)
    assert "11m" in running(nodes.one) and "12m" in running(nodes.two), "nothing is overwritten"
    both = until(lambda: nodes.sync(nodes.one, diff=True).get("diff"), 20, "the difference")
    assert "11m" in both and "12m" in both, both
    nodes.two.ctl("vrrp", "sync")
    nodes.wait()
    until(lambda: "12m" in running(nodes.one), 10, "what two has")


def test_whatever_dies_nothing_is_lost(nodes):
    nodes.wait()
    minutes = 20
    for victim in ("gateway one", "gateway two", "supervisor two", "supervisor one", "keys two", "all of two"):
        what, _, name = victim.rpartition(" ")
        minutes += 1
        node = nodes.nodes[name]
        pid = node.worker_pids().get(what, 0)
        nodes.apply("one", expiry(minutes), "--save")
        if what == "supervisor":
            node.kill()
            node.start()
        elif pid:
            process.kill(pid)
        else:
            nodes.kill(name)
            node.start()
        until(lambda m=minutes: f"{m}m" in running(nodes.two), 40, f"{victim}: the change on two", interval=0.1)
        nodes.wait(timeout=40)
    # A node that was away takes what was changed meanwhile.
    nodes.kill("two")
    nodes.apply("one", expiry(40))
    nodes.two.start()
    until(lambda: "40m" in running(nodes.two), 40, "the change that was missed")
    nodes.wait(timeout=40)


def total(node):
    return int(node.ctl("persistence", "list").get("total", 0) or 0)


def test_who_belongs_where(nodes):
    nodes.wait()
    nodes.two.wait_serving()
    # One entry is there within a second.
    answers = nodes.ask("one", 1, 1)
    begun = time.monotonic()
    until(lambda: nodes.entries("two"), 5, "the entry", interval=0.01)
    latency = time.monotonic() - begun
    # Ten thousand are, and each client stays with its server.
    count = 10_000
    answers = nodes.ask("one", 1, count)
    assert set(answers) == {"7001", "7002"}
    until(lambda: total(nodes.two) >= count, 20, "all entries")
    # A node that comes back with nothing gets them within seconds.
    nodes.kill("two")
    nodes.two.start()
    begun = time.monotonic()
    until(lambda: total(nodes.two) >= count, 30, "all entries again", interval=0.05)
    again = time.monotonic() - begun
    print(f"one entry: {latency:.2f} s; {count} after a connection: {again:.2f} s")
    assert nodes.ask("two", 1, count) == answers
    # Forgetting is for both.
    nodes.two.ctl("persistence", "clear", "--all")
    until(lambda: total(nodes.one) == 0, 10, "forgotten on one too")
