"""Who runs as whom, and what may each process do? Needs root, to become others."""
import os
import pathlib
import shutil
import subprocess

import clients
import config
import ports
import process
import pytest
from paths import BIN
from wait import until

NO_CAPABILITY = "0000000000000000"
USER = "nobody"
OWNER_OF_KEYS = "daemon"


@pytest.fixture(autouse=True)
def root():
    if os.getuid() != 0:
        pytest.skip("needs root, to start processes as other users")


@pytest.fixture
def text(farm):
    port = ports.free_port()
    return config.of_farm(farm, "imap", "mail", port), port


def check_confined(aloha, capable=("system",)):
    """/proc/PID/status of every process against what ARCHITECTURE promises."""
    workers = aloha.worker_pids()
    assert {"system", "keys", "proxy", "health", "supervisor"} <= set(workers), workers
    for name, pid in workers.items():
        for status in process.thread_status(pid):
            held = {status[c] for c in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
            if name not in capable:
                assert held == {NO_CAPABILITY}, (name, held)
            assert set(status["Uid"].split()) != {"0"}, name
            if name != "supervisor":
                assert status["NoNewPrivs"] == "1", name
                assert status["Seccomp"] == "2", name
            elif aloha.ctl("system", "info")["privilege"] == "keeper":
                assert status["NoNewPrivs"] == "1", name


@pytest.mark.parametrize("arguments", [("--user", USER), ()], ids=["user", "no user named"])
def test_started_as_root_it_keeps_nothing(text, start_aloha, arguments):
    aloha = start_aloha(text[0], arguments=arguments)
    check_confined(aloha)
    assert clients.imap(text[1])


def test_started_as_root_low_ports_are_bound_again_after_system_died(farm, start_aloha):
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", 143, address="127.0.4.1"), arguments=("--user", USER))
    assert clients.imap(143, address="127.0.4.1")
    system = aloha.worker_pids()["system"]
    process.kill(system)
    aloha.replaced("system", system)
    aloha.apply(aloha.file.read_text() + config.of_farm(farm, "pop3", "box", 110, address="127.0.4.1"))
    assert clients.pop3(110, address="127.0.4.1")
    check_confined(aloha)


def test_an_ordinary_user_on_high_ports(text, start_aloha):
    aloha = start_aloha(text[0], user=USER)
    check_confined(aloha, capable=())
    assert clients.imap(text[1])
    assert "CAP_NET_BIND_SERVICE" in aloha.raw("service", "list").stdout, "what is missing is said by name"


def test_an_ordinary_user_is_told_why_a_low_port_is_not_bound(farm, make_aloha):
    aloha = make_aloha("", user=USER)
    aloha.start()
    file = aloha.folder / "low.textproto"
    file.write_text(config.of_farm(farm, "imap", "mail", 143, address="127.0.4.1"))
    result = aloha.raw("config", "apply", file)
    assert result.returncode == 1
    assert "143" in result.stderr and ("ermission" in result.stderr or "CAP_NET_BIND_SERVICE" in result.stderr), result.stderr


def test_file_capabilities(farm, folder, start_aloha):
    binaries = folder / "bin"
    shutil.copytree(BIN, binaries)
    subprocess.run(["setcap", "cap_net_bind_service,cap_net_admin,cap_net_raw=p", binaries / "aloha-system"], check=True)
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", 143, address="127.0.4.1"), user=USER, bin_folder=binaries)
    assert clients.imap(143, address="127.0.4.1")
    check_confined(aloha)
    assert "file capabilities" in aloha.ctl("system", "info")["privilege"]


@pytest.mark.parametrize("options", [{"arguments": ("--user", USER)}, {"user": USER}], ids=["root", "ordinary user"])
def test_what_is_declared_is_what_is_seen(text, start_aloha, options):
    aloha = start_aloha(text[0], **options)
    for name, worker in aloha.workers().items():
        measures = {c["measure"]: c for c in worker["confinement"]}
        differing = {m for m, c in measures.items() if not c.get("asDeclared")}
        # Without an installation aloha-keys has no user of its own, which is told.
        assert differing == ({"user"} if name == "keys" else set()), (name, worker["confinement"])
        if name != "supervisor":
            assert {"capabilities", "no_new_privs", "seccomp", "landlock"} <= set(measures), measures
            # Each worker tries at start to open /etc/passwd and the like, and ends if it succeeds.
            assert measures["forbidden acts tried"]["observed"] == "refused", measures


@pytest.fixture
def installed(folder):
    """Binaries of which aloha-keys belongs to a user of its own, as an installation has it."""
    binaries = folder / "bin"
    shutil.copytree(BIN, binaries)
    shutil.chown(binaries / "aloha-keys", OWNER_OF_KEYS)
    (binaries / "aloha-keys").chmod(0o4755)
    return binaries


def test_installed_private_keys_have_an_owner_that_nothing_else_runs_as(text, start_aloha, installed):
    aloha = start_aloha(text[0], arguments=("--user", USER), bin_folder=installed)
    result = aloha.raw("worker", "list", "--verify")
    assert result.returncode == 0, result.stdout + result.stderr
    folder = aloha.state / "keys"
    assert (folder.owner(), folder.stat().st_mode & 0o777) == (OWNER_OF_KEYS, 0o700)
    aloha.ctl("certificate", "self-signed", "own", "--host", "mail.example.org")
    assert {file.owner() for file in folder.iterdir()} == {OWNER_OF_KEYS}
    old = aloha.worker_pids()["keys"]
    process.kill(old)
    until(lambda: aloha.worker_pids().get("keys") not in (None, old), what="another aloha-keys")
    assert aloha.ctl("certificate", "show", "own")["state"] == "SELF_SIGNED"
    aloha.stop()
    aloha.start()
    assert aloha.ctl("certificate", "show", "own")["state"] == "SELF_SIGNED"


def test_nobody_else_may_manage(text, start_aloha):
    aloha = start_aloha(text[0], arguments=("--user", USER))
    for account in (USER, "daemon"):
        command = ["runuser", "-u", account, "--", BIN / "alohactl", "--endpoint", f"unix:{aloha.socket}", "status"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert result.returncode in (1, 3), (account, result)


def test_no_file_of_the_state_is_open_to_others(text, start_aloha):
    aloha = start_aloha(text[0], arguments=("--user", USER))
    aloha.ctl("config", "save")
    for path in [aloha.state, *aloha.state.rglob("*")]:
        mode = path.lstat().st_mode
        assert not mode & 0o002, f"{path} is writable by all"
        assert not (path.is_file() and mode & 0o004 and aloha.state.stat().st_mode & 0o001), f"{path} is readable by all"
    assert pathlib.Path(aloha.socket).exists()
