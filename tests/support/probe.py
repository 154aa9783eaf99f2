"""Asks whoever has an address for its name every millisecond; by itself it is the program that does so, and the one that
answers:

    probe.py answer NAME
    probe.py ask ADDRESS    until standard input ends; then prints [[asked, answered, name], …], monotonic seconds
"""
import json
import select
import signal
import socket
import struct
import subprocess
import sys
import time

PORT = 9999
PERIOD = 0.001


class Answerer:
    """On a machine, from the first moment to stop(); independent of whatever else is killed there."""

    def __init__(self, machine):
        self._process = subprocess.Popen(machine.command([sys.executable, __file__, "answer", machine.name]))

    def stop(self):
        self._process.kill()
        self._process.wait()


class Prober:
    """Asks from a machine. After stop(): rows."""

    def __init__(self, machine, address):
        self._process = subprocess.Popen(machine.command([sys.executable, __file__, "ask", address]),
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()  # the first answer
        self.rows = []

    def stop(self):
        self.rows = json.loads(self._process.communicate(timeout=30)[0])
        return self

    def kill(self):
        self._process.kill()
        self._process.wait()

    def outage(self):
        """Longest time between two questions that were answered, without an answered one between them, in seconds."""
        asked = [row[0] for row in self.rows if row[1]]
        return max(later - earlier for earlier, later in zip(asked, asked[1:]))

    def first_answer(self, name, since):
        """When that machine first answered; None: never."""
        return min((row[1] for row in self.rows if row[1] and row[2] == name and row[1] >= since), default=None)

    def names(self, since=0.0):
        """Who answered, in the order of the first answers."""
        return list(dict.fromkeys(row[2] for row in self.rows if row[1] and row[0] >= since))


def _answer(name):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", PORT))
    while True:
        data, peer = sock.recvfrom(64)
        sock.sendto(data + name.encode(), peer)


def _ask(address):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    asked, answers = [], {}
    begin = time.monotonic()
    while True:
        try:
            sock.sendto(struct.pack("!I", len(asked)), (address, PORT))
        except OSError:  # nobody has the address, says the kernel
            pass
        asked.append(time.monotonic())
        following = begin + len(asked) * PERIOD
        while True:
            ready, _, _ = select.select([sock, sys.stdin], [], [], max(0, following - time.monotonic()))
            if not ready:
                break
            if sys.stdin in ready:
                print(json.dumps([[at, *answers.get(number, (None, None))] for number, at in enumerate(asked)]))
                return
            try:
                data = sock.recv(64)
            except OSError:
                continue
            if not answers:
                print("answered", flush=True)
            answers.setdefault(struct.unpack("!I", data[:4])[0], (time.monotonic(), data[4:].decode()))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    {"answer": _answer, "ask": _ask}[sys.argv[1]](sys.argv[2])
