"""What do broken files, folders and sockets do to it? Clear errors, the exit codes of alohactl, nothing half applied."""
import os
import pathlib
import socket
import subprocess
import time

import clients
import config
import ports
import process
import pytest
from paths import BIN
from wait import until

CASES = {
    # name: (makes the file, a word of the message)
    "100 MB": (lambda p: p.write_bytes(b"# x\n" * (25 << 20)), "big|large|MiB|bytes"),
    "directory": (lambda p: p.mkdir(), "directory|folder"),
    "FIFO": (lambda p: os.mkfifo(p), "regular file|FIFO|pipe"),
    "missing": (lambda p: None, "No such file|not found"),
    "binary": (lambda p: p.write_bytes(os.urandom(4096)), "."),
    "torn": (lambda p: p.write_text('cas_server { name: "CAS1" addr'), ":1:|line 1"),
    "unknown field": (lambda p: p.write_text("imap { mode: CLEAR }\nimop { }\n"), "imop"),
    "wrong type": (lambda p: p.write_text('imap { mode: CLEAR virtual_port: "x" }\n'), "virtual_port|integer|:1:"),
}


@pytest.fixture
def running(farm, start_aloha):
    port = ports.free_port()
    aloha = start_aloha(config.of_farm(farm, "imap", "mail", port))
    aloha.farm, aloha.port = farm, port
    return aloha


def matches(words, text):
    return any(word in text for word in words.split("|")) or words == "."


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("verb", ["apply", "validate"])
def test_alohactl_refuses_a_broken_file(running, case, verb):
    make, words = CASES[case]
    path = running.folder / "broken"
    make(path)
    before = running.ctl("config", "history")["versions"]
    begin = time.monotonic()
    result = running.raw("config", verb, path, timeout=20)
    assert result.returncode in (1, 2), result
    assert result.stderr.strip() and matches(words, result.stderr + result.stdout), result
    assert time.monotonic() - begin < 10
    assert running.ctl("config", "history")["versions"] == before
    assert clients.imap(running.port)


@pytest.mark.parametrize("case", CASES)
def test_check_names_what_is_wrong_with_a_file(folder, case):
    make, words = CASES[case]
    path = folder / "broken"
    make(path)
    result = check(path)
    assert result.returncode == 1, result
    assert matches(words, result.stderr + result.stdout), result.stderr[-400:]


def check(path, *prefix):
    command = [*prefix, BIN / "aloha-supervisor", "--check", "--config", path, "--state-dir", path.parent / "state",
               "--run-dir", path.parent / "run"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)


def test_check_says_that_a_file_may_not_be_read(folder):
    path = folder / "closed"
    path.write_text("")
    path.chmod(0)
    prefix = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
    result = check(path, *prefix)
    assert result.returncode == 1 and "ermission" in result.stderr, result


def test_a_run_folder_that_no_client_could_name_is_refused(folder):
    path = folder / "with,comma" / "good"
    path.parent.mkdir()
    path.write_text("")
    result = check(path)
    assert result.returncode == 2 and "--run-dir" in result.stderr and "comma" in result.stderr, result


def test_check_accepts_a_good_file(folder, farm):
    path = folder / "good"
    path.write_text(config.of_farm(farm, "imap", "mail", ports.free_port()))
    assert check(path).returncode == 0


@pytest.mark.parametrize("case", CASES)
def test_a_broken_file_never_stops_a_first_start(make_aloha, case):
    make, _ = CASES[case]
    aloha = make_aloha(None)
    make(aloha.file)
    aloha.start()
    assert aloha.ctl("service", "list")["services"]
    severities = {e["severity"] for e in aloha.ctl("event", "list")["events"]}
    assert severities & {"ERROR", "WARNING"}, "an event says so"


@pytest.mark.parametrize("damage", ["empty", "torn", "garbage", "missing"])
def test_a_broken_saved_configuration_never_stops_a_start(running, damage):
    running.ctl("config", "save")
    running.stop()
    saved = running.state / "config" / "saved.textproto"
    content = saved.read_bytes()
    {"empty": lambda: saved.write_bytes(b""), "torn": lambda: saved.write_bytes(content[: len(content) // 2]),
     "garbage": lambda: saved.write_bytes(os.urandom(1000)), "missing": saved.unlink}[damage]()
    boot(running)
    assert clients.imap(running.port), "the last good version runs"
    if damage != "missing":
        texts = [e["text"] for e in running.ctl("event", "list")["events"] if e["severity"] != "INFO"]
        assert texts, "an event says so"


def boot(aloha):
    """A start after a boot, which empties the run folder."""
    for path in sorted(aloha.run.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    aloha.start()
    aloha.wait_serving()


def test_garbage_on_the_management_socket(running):
    for garbage in (b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", os.urandom(70000), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 9000):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(str(running.socket))
            try:
                s.sendall(garbage)
                s.recv(1000)
            except OSError:
                pass
    held = []
    for _ in range(50):  # silent ones
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].connect(str(running.socket))
    assert running.raw("status").returncode == 0
    for s in held:
        s.close()
    assert process.alive(running.pid()) and clients.imap(running.port)


@pytest.mark.parametrize("kind", ["missing", "dead", "silent", "file"])
def test_alohactl_against_a_socket_without_supervisor(folder, kind):
    path = folder / "s.sock"
    listener = socket.socket(socket.AF_UNIX)
    if kind == "file":
        path.write_text("")
    elif kind != "missing":
        listener.bind(str(path))
    if kind == "silent":
        listener.listen()
    if kind == "dead":
        listener.listen()
        listener.close()
    result = subprocess.run([BIN / "alohactl", "--endpoint", f"unix:{path}", "--timeout", "2", "status"],
                            capture_output=True, text=True, timeout=20)
    listener.close()
    assert result.returncode == 3, result
    assert str(path) in result.stderr and len(result.stderr.splitlines()) <= 3, result.stderr


@pytest.mark.parametrize("words", [["nonsense"], ["service", "explode", "haproxy"], ["config", "apply"], ["--endpoint", "x", "status"]])
def test_wrong_command_lines_end_with_2(words):
    result = subprocess.run([BIN / "alohactl", *words], capture_output=True, text=True, timeout=20)
    assert result.returncode == 2 and result.stderr, result


def test_disk_full_on_save(farm, folder, make_aloha):
    if os.getuid() != 0:
        pytest.skip("needs root, to mount a tiny file system")
    port = ports.free_port()
    text = config.of_farm(farm, "imap", "mail", port)
    aloha = make_aloha(text)
    aloha.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0777", "tmpfs", aloha.state], check=True)
    try:
        aloha.start()
        aloha.wait_serving()
        aloha.ctl("config", "save")
        saved = aloha.ctl("config", "show", "--saved")
        fill(aloha.state / "filler")
        bigger = text + f'version_note: "{"x" * 20000}"'
        result = apply_and_save(aloha, bigger)
        assert result.returncode == 1 and ("space" in result.stderr or "full" in result.stderr), result.stderr
        assert aloha.ctl("config", "show", "--saved") == saved
        assert clients.imap(port)
        (aloha.state / "filler").unlink()
        assert apply_and_save(aloha, bigger).returncode == 0
        aloha.stop()
    finally:
        aloha.stop()
        subprocess.run(["umount", "-l", aloha.state], check=True)


def fill(path):
    try:
        with open(path, "wb", buffering=0) as f:
            for size in (65536, 4096, 1):
                while True:
                    try:
                        f.write(b"\0" * size)
                    except OSError:
                        break
    except OSError:
        pass


def apply_and_save(aloha, text):
    file = pathlib.Path(aloha.folder) / "apply.textproto"
    file.write_text(text)
    return aloha.raw("config", "apply", file, "--save")


def test_a_port_that_somebody_else_has(running):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        file = running.folder / "taken.textproto"
        file.write_text(running.file.read_text() + config.of_farm(running.farm, "pop3", "box", taken)
                        + config.of_farm(running.farm, "pop3", "free", ports.free_port()))
        result = running.raw("config", "apply", file)
    assert result.returncode == 1 and str(taken) in result.stderr, result
    names = {s["name"] for s in running.ctl("virtual-service", "list")["virtualServices"]}
    assert names == {"mail"}, "nothing half applied"
    assert clients.imap(running.port)
    until(lambda: running.service("haproxy")["state"] == "OK")
