"""Does anything break or leak over a long time? ALOHA_SOAK_SECONDS says how long; half an hour by default.

50 new connections a second and 200 idle ones, while the configuration changes, servers are drained, stall and come
back."""
import itertools
import os
import pathlib
import time

import clients
import config
import ports
import process
from load import IdleImap, Load

SECONDS = int(os.environ.get("ALOHA_SOAK_SECONDS", "1800"))
IDLE = 'idle_timeout: "24h" '  # the idle sessions are silent all the time
GROWTH = 8 << 20  # bytes that allocator and stick table may take after the first round


def owned(pid):
    """Anonymous memory of a process in bytes, and its descriptors."""
    memory = int(process.status(pid)["RssAnon"].split()[0]) * 1024
    return memory, len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def disturbances(aloha, farm, text):
    """One change after the other, none of which may touch the mail service's sessions; ends where it began."""
    more = ports.free_port()
    yield lambda: aloha.ctl("service", "reload", "haproxy")
    yield lambda: aloha.apply(text + config.of_farm(farm, "pop3", "more", more))
    yield lambda: farm("stall CAS2 pop3")
    yield lambda: aloha.ctl("server", "drain", "mail/CAS1")
    yield lambda: farm("ok CAS2 pop3")
    yield lambda: aloha.ctl("server", "ready", "mail/CAS1")
    yield lambda: aloha.ctl("persistence", "clear", "--all")
    yield lambda: aloha.apply(text)


def test_nothing_breaks_and_nothing_leaks(farm, start_aloha):
    port = ports.free_port()
    text = config.of_farm(farm, "imap", "mail", port, extra=IDLE + "persistence { source_address {} }")
    aloha = start_aloha(text)
    pids = {name: pid for name, pid in aloha.worker_pids().items()}
    end = time.monotonic() + SECONDS
    first = None
    with IdleImap(port, 200) as idle, Load(lambda: clients.imap(port)) as load:
        for turn in itertools.count():
            for disturb in disturbances(aloha, farm, text):
                disturb()
                time.sleep(2)
            if turn == 0:
                first = {name: owned(pid) for name, pid in pids.items()}
            if time.monotonic() > end:
                break
        assert idle.broken() == []
    assert load.errors == []
    assert aloha.worker_pids() == pids, "a worker was replaced"
    time.sleep(2)
    for name, pid in pids.items():
        memory, descriptors = owned(pid)
        assert memory < first[name][0] + GROWTH, (name, first[name], memory)
        assert descriptors <= first[name][1] + 8, (name, first[name], descriptors)
