"""Do the four services start, stop, restart and reload as an administrator expects?"""
import clients
import config
import ports
import pytest
from load import IdleImap
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port))
    aloha.farm, aloha.port = farm, port
    return aloha


def test_the_four_are_listed_with_their_state(running):
    services = {s["name"]: s for s in running.ctl("service", "list")["services"]}
    assert list(services) == ["system", "vrrp", "haproxy", "stunnel"]
    assert services["system"]["state"] == services["haproxy"]["state"] == "OK"
    assert services["vrrp"]["state"] == services["stunnel"]["state"] == "NOT_IN_USE"
    assert {s["startMode"] for s in services.values()} == {"AUTO"}


def test_haproxy_stops_and_starts(running):
    running.ctl("service", "stop", "haproxy", "--now")
    with pytest.raises(ConnectionRefusedError):
        clients.imap(running.port)
    service = running.service("haproxy")
    assert service["state"] == "NOK" and "stopped" in service["reason"], service
    running.ctl("service", "start", "haproxy")
    until(lambda: clients.imap(running.port), 5, "it serves again")
    assert running.service("haproxy")["state"] == "OK"


def test_restart_replaces_processes_and_refuses_nobody(running):
    before = running.worker_pids()
    running.ctl("service", "restart", "haproxy")
    assert clients.imap(running.port)
    after = running.worker_pids()
    assert after["proxy"] != before["proxy"] and after["health"] != before["health"]
    assert after["system"] == before["system"]


def test_restart_of_one_worker(running):
    before = running.worker_pids()
    with IdleImap(running.port, 5) as idle:
        running.ctl("worker", "restart", "health")
        until(lambda: running.worker_pids().get("health") not in (None, before["health"]), 5, "a new health")
        assert idle.broken() == []


@pytest.mark.parametrize("verb", ["stop", "manual"])
def test_system_cannot_be_switched_off(running, verb):
    result = running.raw("service", verb, "system")
    assert result.returncode == 1 and "system" in result.stderr
    assert running.service("system")["state"] == "OK"


def test_system_restarts_without_touching_traffic(running):
    before = running.worker_pids()["system"]
    with IdleImap(running.port, 5) as idle:
        running.ctl("service", "restart", "system")
        until(lambda: running.worker_pids().get("system") not in (None, before), 5, "a new system")
        assert idle.broken() == []
        assert clients.imap(running.port)


def test_manual_is_kept_and_obeyed_at_the_next_start(running):
    running.ctl("service", "manual", "haproxy")
    assert running.service("haproxy")["startMode"] == "MANUAL"
    assert clients.imap(running.port), "the mode alone stops nothing"
    running.stop()
    running.start()
    assert running.service("haproxy")["startMode"] == "MANUAL"
    with pytest.raises(ConnectionRefusedError):
        clients.imap(running.port)
    running.ctl("service", "start", "haproxy")
    until(lambda: clients.imap(running.port), 5, "started by hand")


def test_an_unknown_service_is_refused(running):
    result = running.raw("service", "start", "nginx")
    assert result.returncode in (1, 2) and "nginx" in result.stderr


def test_a_stop_outlives_a_crash_of_the_supervisor(running):
    running.ctl("service", "stop", "haproxy", "--now")
    running.kill()
    running.start()
    assert running.service("haproxy")["state"] == "NOK"
    with pytest.raises(ConnectionRefusedError):
        clients.imap(running.port)
    running.ctl("service", "start", "haproxy")
    until(lambda: clients.imap(running.port), 5, "started by hand")
