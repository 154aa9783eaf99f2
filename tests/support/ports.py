"""Free TCP ports below the range from which outgoing connections take theirs, so that a port stays free until it is
bound, and can be bound again later."""
import contextlib
import fcntl
import itertools
import os
import pathlib
import socket
import tempfile

_FIRST, _LAST = 22000, 31999  # deploy/quickstart uses ports below
_next = itertools.count(os.getpid() * 37 % (_LAST - _FIRST))

# Byte N is locked by the process that was given port N: runs beside each other do not get the same.
_taken = open(pathlib.Path(tempfile.gettempdir(), f"aloha-test-ports-{os.getuid()}"), "wb")  # to the end of the process


def _take(port):
    with contextlib.suppress(OSError):
        fcntl.lockf(_taken, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    return False


def _is_free(address, port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, port))
        except OSError:
            return False
        return True


def free_port(addresses=("127.0.0.1", "127.0.0.2", "127.0.0.3")):
    """A port that is free on all `addresses`; none is given twice by one process."""
    for _ in range(_LAST - _FIRST):
        port = _FIRST + next(_next) % (_LAST - _FIRST)
        if all(_is_free(a, port) for a in addresses) and _take(port):
            return port
    raise AssertionError("no free port")
