"""Is any connection refused or cut while the configuration, the processes or the supervisor change?

Under 50 new connections a second and 200 idle ones."""
import contextlib

import clients
import config
import ports
import process
import pytest
from load import IdleImap, Load
from wait import until


@pytest.fixture
def busy(farm, start_aloha):
    """A running balancer and a block that checks that no connection suffered."""
    port = ports.free_port()
    text = config.of_farm(farm, "imap", "mail", port)
    aloha = start_aloha(text)

    @contextlib.contextmanager
    def nothing_suffers():
        with IdleImap(port, 200) as idle, Load(lambda: clients.imap(port)) as load:
            until(lambda: load.done > 20, what="load runs")
            yield
            done = load.done
            until(lambda: load.done > done + 25, what="load goes on")
            assert idle.broken() == []
        assert load.errors == []

    aloha.text, aloha.farm, aloha.port = text, farm, port
    aloha.nothing_suffers = nothing_suffers
    return aloha


def test_reload(busy):
    before = busy.worker_pids()
    with busy.nothing_suffers():
        for _ in range(3):
            busy.ctl("service", "reload", "haproxy")
    assert busy.worker_pids() == before


def test_apply_that_adds_and_removes_a_service(busy):
    port = ports.free_port()
    with busy.nothing_suffers():
        busy.apply(busy.text + config.of_farm(busy.farm, "pop3", "more", port))
        until(lambda: clients.pop3(port) in ("CAS1", "CAS2"), what="the new service answers")
        busy.apply(busy.text)
        with pytest.raises(ConnectionRefusedError):
            clients.pop3(port)


def test_apply_that_changes_the_busy_service(busy):
    with busy.nothing_suffers():
        busy.apply(busy.text.replace('name: "mail"', 'name: "mail" idle_timeout: "700s" balance: LEAST_CONNECTIONS'))
        assert busy.ctl("virtual-service", "show", "mail")["idleTimeoutMs"] in ("700000", 700000)
        busy.apply(busy.text)


def test_a_removed_server_keeps_its_sessions_until_they_end(busy):
    one_less = busy.text.replace(config.server("CAS1", *busy.farm.server("CAS1", "imap")), "")
    plan = busy.folder / "plan.textproto"
    plan.write_text(one_less)
    assert any("CAS1" in step["text"] for step in busy.ctl("config", "plan", plan)["steps"])
    with busy.nothing_suffers():
        busy.apply(one_less)
        assert {clients.imap(busy.port) for _ in range(4)} == {"CAS2"}


def test_kill_9_of_the_supervisor_and_adoption(busy):
    before = busy.worker_pids()
    with busy.nothing_suffers():
        busy.kill()
        until(lambda: clients.imap(busy.port), what="workers serve alone")
        busy.start()
        until(lambda: busy.workers()["proxy"].get("adopted"), what="workers are adopted")
        after = busy.worker_pids()
        for name, pid in before.items():
            if name != "supervisor":
                assert after[name] == pid and process.alive(pid), (name, before, after)
        # The new supervisor is in charge: it can change what they do.
        port = ports.free_port()
        busy.apply(busy.text + config.of_farm(busy.farm, "pop3", "more", port))
        until(lambda: clients.pop3(port), what="a change after adoption")


def test_two_supervisors_do_not_share_a_run_folder(busy):
    with busy.nothing_suffers():
        code = process.stop(process.spawn(busy.command()), signals=(), patience=10)
        assert code not in (0, None)
