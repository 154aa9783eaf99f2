"""What happens when a worker dies? The failure table of the architecture, measured."""
import contextlib
import os
import signal
import time

import clients
import config
import ports
import process
import pytest
from load import IdleImap, Load
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port))
    aloha.farm, aloha.port = farm, port
    aloha.wait_check("mail", "CAS1", "UP")
    return aloha


def test_proxy_dies_and_the_next_serves_who_waits(running):
    """How long they wait is measured by tests/bench/respawn."""
    old = running.worker_pids()["proxy"]
    with IdleImap(running.port, 10) as idle:
        process.kill(old)
        assert clients.imap(running.port)
        assert len(idle.broken()) == 10  # its own sessions died with it
    worker = running.replaced("proxy", old)
    assert worker["restarts"] >= 1 and "9" in worker["lastExit"], worker


def test_no_connection_is_refused_while_the_proxy_is_replaced(running):
    with Load(lambda: clients.imap(running.port)) as load:
        until(lambda: load.done > 20)
        old = running.worker_pids()["proxy"]
        process.kill(old)
        running.replaced("proxy", old)
        time.sleep(0.3)
    # Those that the dead process held are cut; the listening socket itself never went away.
    assert not [e for e in load.errors if "Refused" in e[1]], load.errors
    assert len(load.errors) <= 3, load.errors


def test_health_dies_and_the_last_states_stand(running):
    running.farm("down CAS1 imap")
    running.wait_check("mail", "CAS1", "DOWN")
    old = running.worker_pids()["health"]
    with IdleImap(running.port, 20) as idle, Load(lambda: clients.imap(running.port)) as load:
        process.kill(old)
        assert {clients.imap(running.port) for _ in range(6)} == {"CAS2"}
        running.replaced("health", old)
        running.farm("up CAS1 imap")
        running.wait_check("mail", "CAS1", "UP")
        assert idle.broken() == []
    assert load.errors == []
    assert {clients.imap(running.port) for _ in range(4)} == {"CAS1", "CAS2"}


def test_system_dies_and_traffic_is_untouched(running):
    old = running.worker_pids()["system"]
    with IdleImap(running.port, 20) as idle, Load(lambda: clients.imap(running.port)) as load:
        process.kill(old)
        running.replaced("system", old)
        more = ports.free_port()
        running.apply(running.file.read_text() + config.of_farm(running.farm, "pop3", "more", more))
        until(lambda: clients.pop3(more), what="the new system worker binds")
        assert idle.broken() == []
    assert load.errors == []


def test_a_worker_that_crashes_again_and_again_turns_its_service_nok(running):
    def kill_health():
        pid = running.worker_pids().get("health")
        if pid:
            process.kill(pid)
        return running.workers()["health"]["state"] == "CRASH_LOOP"

    until(kill_health, 30, "a crash loop is seen", interval=0.1)
    service = running.service("haproxy")
    assert service["state"] == "NOK" and "health" in service["reason"], service
    assert "9" in service["reason"] or "Killed" in service["reason"], service
    assert clients.imap(running.port), "traffic goes on"


def test_everything_ends_on_sigterm(running):
    pids = running.worker_pids()
    assert running.stop() == 0
    until(lambda: not any(process.alive(pid) for pid in pids.values()), 5, "workers end")
    with pytest.raises(ConnectionRefusedError):
        clients.imap(running.port)
    assert not running.socket.exists()


@pytest.mark.parametrize("attempt", range(8))
def test_an_end_of_all_processes_at_once_leaves_none(running, attempt):
    """What a process group or a service manager gets: no worker that was just replaced stays behind."""
    pids = sorted(running.worker_pids().values())  # the supervisor's is one of them
    for pid in reversed(pids) if attempt % 2 else pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.002 * (attempt // 2))
    assert running.process.wait(15) == 0
    until(lambda: not process.orphans(), 5, "end of all processes")


@pytest.mark.parametrize("signals", [1, 2])
def test_an_end_in_the_middle_of_the_start_leaves_none(farm, make_aloha, signals):
    """Told once, it does not go on to start what it had not started yet; told twice, it forgets nobody who just came."""
    text = config.of_farm(farm, "imap", "mail", ports.free_port())
    for attempt in range(6):
        aloha = make_aloha(text).start(wait=False)
        until((aloha.run / "workers" / "system.sock").exists, what="it starts workers", interval=0.001)
        time.sleep(0.05 * attempt)
        for _ in range(signals):
            process.kill(aloha.process.pid, signal.SIGTERM)
            time.sleep(0.01)
        assert aloha.process.wait(15) in (0, signals - 1), aloha.tail()
        until(lambda: not process.orphans(), 5, "end of all processes")


def test_an_end_waits_for_a_proxy_that_made_room(running):
    old = running.worker_pids()["proxy"]
    with IdleImap(running.port, 1) as idle:
        running.ctl("service", "restart", "haproxy")
        running.replaced("proxy", old)
        others = [pid for name, pid in running.worker_pids().items() if name != "supervisor"]
        process.kill(running.process.pid, signal.SIGTERM)
        until(lambda: not any(map(process.alive, others)), what="all others end")
        assert running.process.poll() is None and idle.broken() == []
    assert running.process.wait(10) == 0
    until(lambda: not process.orphans(), 5, "end of the keeper, the last of all processes")
