"""Are running and saved configuration, history, undo and the choice at start as promised?"""
import os
import signal

import clients
import config
import ports
import pytest
from test_bad_input import boot
from wait import until


@pytest.fixture
def running(farm, start_aloha):
    """A service "mail", and the text of a second configuration that has "box" as well."""
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", ports.free_port()))
    aloha.one = aloha.file.read_text()
    aloha.two = aloha.one + config.of_farm(farm, "pop3", "box", ports.free_port())
    aloha.farm = farm
    return aloha


def names(aloha):
    return {s["name"] for s in aloha.ctl("virtual-service", "list").get("virtualServices", [])}


def test_unsaved_changes_are_announced(running):
    running.ctl("config", "save")
    assert not running.ctl("config", "show").get("unsavedChanges")
    running.apply(running.two)
    assert running.ctl("config", "show")["unsavedChanges"]
    assert running.ctl("system", "info")["unsavedChanges"]
    running.ctl("config", "save")
    assert not running.ctl("config", "show").get("unsavedChanges")
    assert "box" in running.ctl("config", "show", "--saved")["text"]


def test_history_diff_and_rollback(running):
    first = int(running.ctl("config", "show")["version"])
    second = int(running.apply(running.two)["version"])
    assert second > first
    versions = running.ctl("config", "history")["versions"]
    assert int(versions[0]["version"]) == second and versions[0]["running"]
    assert '+  name: "box"' in running.ctl("config", "diff", first, second)["diff"]
    running.ctl("config", "rollback")
    assert names(running) == {"mail"}
    running.ctl("config", "rollback", second)
    assert names(running) == {"mail", "box"}


def test_an_apply_that_nobody_confirms_undoes_itself(running):
    running.apply(running.two, "--confirm", "2")
    assert names(running) == {"mail", "box"}
    until(lambda: names(running) == {"mail"}, 6, "it undoes itself")
    running.apply(running.two, "--confirm", "2")
    running.ctl("config", "confirm")
    with pytest.raises(AssertionError):
        until(lambda: names(running) == {"mail"}, 3)


def test_set_changes_one_value(running):
    running.ctl("config", "set", "virtual_service[0].idle_timeout", "77s")
    show = running.ctl("virtual-service", "show", "mail")
    assert int(show["idleTimeoutMs"]) == 77000


def test_plan_says_what_would_happen_and_does_nothing(running):
    file = running.folder / "plan.textproto"
    file.write_text(running.two)
    steps = running.ctl("config", "plan", file)["steps"]
    assert any("box" in s.get("virtualService", "") + s["text"] for s in steps), steps
    assert names(running) == {"mail"}
    file.write_text(running.one)
    assert not running.ctl("config", "plan", file).get("steps")


def test_factory_reset(running):
    running.ctl("config", "factory-reset", "--yes")
    assert "mail" not in names(running)
    running.ctl("config", "rollback")
    assert names(running) == {"mail"}


def test_after_a_crash_the_running_one_after_a_boot_the_saved_one(running):
    running.ctl("config", "save")
    running.apply(running.two)
    running.kill()
    running.start()
    assert names(running) == {"mail", "box"}
    running.stop()
    boot(running)
    assert names(running) == {"mail"}


def test_the_file_counts_only_at_the_very_first_start_and_on_sighup(running):
    running.ctl("config", "save")
    running.file.write_text(running.two)
    running.stop()
    boot(running)
    assert names(running) == {"mail"}
    os.kill(running.pid(), signal.SIGHUP)
    until(lambda: names(running) == {"mail", "box"}, 5, "SIGHUP rereads the file")
    running.ctl("config", "save")
    assert running.file.read_text() == running.two, "the file is never written"


def test_config_authoritative(farm, start_aloha):
    text = config.of_farm(farm, "imap", "mail", ports.free_port())
    more = text + config.of_farm(farm, "pop3", "box", ports.free_port())
    aloha = start_aloha(text, arguments=("--config-authoritative",))
    aloha.apply(more)
    result = aloha.raw("config", "save")
    assert result.returncode == 1 and "authoritative" in result.stderr
    aloha.stop()
    aloha.start()
    aloha.wait_serving()
    assert names(aloha) == {"mail"}


def test_an_area_without_servers_is_incomplete_and_not_bound(make_aloha):
    port = ports.free_port()
    aloha = make_aloha(f'listen_address: "127.0.0.1" imap {{ mode: CLEAR virtual_port: {port} }}').start()
    areas = {a["name"]: a["state"] for a in aloha.ctl("config", "show")["areas"]}
    assert areas["imap"] == "INCOMPLETE" and areas["pop3"] == "DISABLED"
    with pytest.raises(ConnectionRefusedError):
        clients.imap(port)
