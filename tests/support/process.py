"""Processes: started, watched through /proc, and ended by pid."""
import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import threading
import time

# Names as /proc/PID/comm has them.
WORKERS = ("aloha-system", "aloha-proxy", "aloha-health", "aloha-wui", "aloha-tls", "aloha-keys", "aloha-vrrp",
           "aloha-gateway")

_PR_SET_CHILD_SUBREAPER = 36
_started = {}  # pid → Popen of what spawn() started and nobody has waited for
_lock = threading.Lock()


def become_subreaper():
    """Orphans of processes started here become children of this process, and are reaped here."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threading.Thread(target=_reap_orphans, daemon=True).start()


def _reap_orphans():
    while True:
        for pid in children(os.getpid()):
            # Not what a test itself may be waiting for.
            if comm(pid) in WORKERS and state(pid) == "Z":
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
        time.sleep(0.05)


def orphans():
    """Workers whose supervisor has ended and that have not."""
    return [pid for pid in children(os.getpid()) if comm(pid) in WORKERS and state(pid) != "Z"]


def spawn(command, **options):
    """Starts a process without standard input; its output goes nowhere unless `options` say where."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    with _lock:
        process = subprocess.Popen([str(c) for c in command], **options)
        _started[process.pid] = process
    return process


def stop(process, signals=(signal.SIGTERM, signal.SIGKILL), patience=5.0):
    """Sends one signal after the other until the process has ended; returns its exit code."""
    for number in signals:
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    code = process.wait(patience)
    with _lock:
        _started.pop(process.pid, None)
    return code


def kill(pid, number=signal.SIGKILL):
    """Sends a signal; a process that is gone already is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _stat(pid):
    # "pid (comm) state ppid …"; comm may hold blanks and parentheses.
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "", ["Z", "0"]
    left, right = text.index("("), text.rindex(")")
    return text[left + 1 : right], text[right + 2 :].split()


def comm(pid):
    return _stat(pid)[0]


def state(pid):
    return _stat(pid)[1][0]


def alive(pid):
    return bool(pid) and state(pid) not in ("Z", "X")


def status(pid):
    """/proc/PID/status as a dictionary of texts."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def thread_status(pid):
    """The same for every thread."""
    result = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended
            lines = (task / "status").read_text().splitlines()
            result.append({n: v.strip() for n, _, v in (line.partition(":") for line in lines)})
    return result


def cpu_seconds(pid):
    """CPU time of the whole process so far, from its own clock (clock_getcpuclockid(3) computes its number so)."""
    return time.clock_gettime(~pid << 3 | 2)


def children(pid):
    """Pids whose parent is `pid` now."""
    found = []
    try:
        for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # the thread has ended
                found += [int(child) for child in path.read_text().split()]
    except OSError:  # the process has ended
        pass
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def end_orphans():
    """Kills every aloha process that was left to this one by a parent that died."""
    for orphan in children(os.getpid()):
        with _lock:
            foreign = orphan not in _started
        if foreign and comm(orphan).startswith("aloha-"):
            for pid in (orphan, *descendants(orphan)):
                kill(pid)
