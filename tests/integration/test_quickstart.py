"""Does deploy/quickstart serve, show traffic being balanced, and leave nothing behind?"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import clients
import process
import pytest
from paths import BIN, SOURCE
from wait import until

PORTS = (1143, 1110, 1025, 1443, 1444, 1993, 1135)


def folder():
    if os.getuid() == 0:
        return pathlib.Path("/var/lib/aloha-quickstart")
    state = os.environ.get("XDG_STATE_HOME", pathlib.Path.home() / ".local/state")
    return pathlib.Path(state) / "aloha-quickstart"


def quickstart(*arguments, **options):
    return subprocess.run([SOURCE / "deploy/quickstart", *arguments], env={**os.environ, "ALOHA_BIN": str(BIN)},
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)


@pytest.fixture(autouse=True)
def stopped():
    quickstart("--stop")
    yield
    quickstart("--stop")


def leftovers():
    """Processes with the folder on their command line, and open ports."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            line = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        if str(folder()).encode() in line and int(entry) != os.getpid():
            found.append((entry, line))
    for port in PORTS:
        try:
            clients.Line(port).close()
            found.append(port)
        except OSError:
            pass
    return found


def test_no_wait_serves_and_stop_leaves_nothing(capfd):
    result = quickstart("--no-wait")
    assert result.returncode == 0, result.stdout + result.stderr
    answers = re.findall(r"^  \d  .*(CAS\d)", result.stdout, re.M)
    requests = re.findall(r"^  \d  200 OK (CAS\d)", result.stdout, re.M)
    assert len(requests) == 4 and set(requests) == {"CAS1", "CAS2"}, result.stdout
    answers = answers[:6]
    assert len(answers) == 6 and all(a != b for a, b in zip(answers, answers[1:])), result.stdout
    endpoint = re.search(r"ALOHA_ENDPOINT=(\S+)", result.stdout)[1]
    ctl = re.search(r"^  (\S+/alohactl) status", result.stdout, re.M)[1]
    status = subprocess.run([ctl, "status"], env={"ALOHA_ENDPOINT": endpoint}, capture_output=True, text=True, timeout=20)
    assert status.returncode == 0 and "CAS2" in status.stdout, status
    workers = [int(line.split()[0]) for line in (folder() / "pids").read_text().splitlines()]
    assert len(workers) >= 5
    assert clients.https(1443) and clients.pop3(1110) and clients.smtp(1025) and clients.rpc_bind(1135)
    again = quickstart("--no-wait")
    assert again.returncode == 1 and "--stop" in again.stderr
    assert quickstart("--stop").returncode == 0
    assert not folder().exists()
    assert not [pid for pid in workers if process.alive(pid)]
    assert leftovers() == []


def test_an_ordinary_user_has_it_in_the_state_folder(folder_of_nobody):
    if os.getuid() != 0:
        pytest.skip("needs root, to become an ordinary user")
    state = folder_of_nobody

    def run(*arguments):
        environment = {"ALOHA_BIN": str(BIN), "XDG_STATE_HOME": str(state), "PATH": os.environ["PATH"]}
        return subprocess.run(["runuser", "-u", "nobody", "--", SOURCE / "deploy/quickstart", *arguments], env=environment,
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    try:
        result = run("--no-wait")
        assert result.returncode == 0, result.stdout + result.stderr
        assert len(set(re.findall(r"^  \d  .*(CAS\d)", result.stdout, re.M))) == 2
        users = {process.status(int(line.split()[0]))["Uid"] for line in (state / "aloha-quickstart/pids").read_text().splitlines()}
        assert "0" not in " ".join(users).split()
    finally:
        stopped_result = run("--stop")
    assert stopped_result.returncode == 0 and list(state.iterdir()) == []


@pytest.fixture
def folder_of_nobody(folder):
    shutil.chown(folder, "nobody")
    return folder


def test_real_servers_on_their_real_ports():
    if os.getuid() != 0:
        pytest.skip("needs root, to play servers on ports below 1024")
    farm = process.spawn([BIN / "aloha-farm", "--port-offset", "0", "--address", "127.0.8.1"], stdout=subprocess.PIPE, text=True)
    try:
        assert farm.stdout.readline()
        result = quickstart("--no-wait", "--cas", "127.0.8.1,127.0.8.2", "--host-name", "mail.example.test")
        assert result.returncode == 0, result.stdout + result.stderr
        assert {clients.imap(1143) for _ in range(4)} == {"CAS1", "CAS2"}
        assert clients.smtp(1025) and clients.https(1443)
        assert quickstart("--stop").returncode == 0
    finally:
        process.stop(farm)
        farm.stdout.close()


def test_ctrl_c_ends_everything():
    command = [SOURCE / "deploy/quickstart"]
    running = subprocess.Popen(command, env={**os.environ, "ALOHA_BIN": str(BIN)}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        until(lambda: running.poll() is not None or (folder() / "pids").exists() and _serves(), 30, "it serves")
        assert running.poll() is None, (running.returncode, running.stdout.read())
        os.killpg(running.pid, signal.SIGINT)  # as the terminal does
        assert running.wait(20) == 130
    finally:
        if running.poll() is None:
            running.kill()
        running.stdout.close()
    time.sleep(0.1)
    assert not folder().exists() and leftovers() == []


def _serves():
    return clients.imap(1143)


@pytest.mark.parametrize("arguments", [["--cas"], ["--host-name", "x.example"], ["--cas", "not;an;address"], ["--frob"]])
def test_wrong_arguments(arguments):
    assert quickstart(*arguments).returncode == 2
    assert not folder().exists()
