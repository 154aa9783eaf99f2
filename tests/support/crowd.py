"""Many clients on one machine, and the servers that tell who they are; by itself the program that is either:

    crowd.py serve ADDRESS PORT…                     each connection is told the port and closed
    crowd.py ask ADDRESS PORT NETWORK FIRST COUNT    one connection from each address; prints a JSON list of the answers
    crowd.py steady ADDRESS PORT RATE                until standard input ends; prints [[begun, ended, answer], …]

An answer is the text, or null after an error. Times are monotonic seconds.
"""
import concurrent.futures
import contextlib
import ipaddress
import json
import select
import socket
import subprocess
import sys
import threading
import time

AT_ONCE = 4          # each with one connection after the other
MOST_AT_ONCE = 400   # of a steady rate, while nobody answers
PATIENCE = 3.0


class Program:
    """One of the above on a machine."""

    def __init__(self, machine, *words):
        self._process = subprocess.Popen(machine.command([sys.executable, __file__, *map(str, words)]),
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def result(self, timeout=60):
        return json.loads(self._process.communicate(timeout=timeout)[0])

    def kill(self):
        self._process.kill()
        self._process.wait()


def clients_network(client, nodes):
    """Makes the client every address of a network, which the nodes reach over it; the network."""
    network = "10.100.0.0/16"
    client.ip(f"route add local {network} dev lo")
    for node in nodes:
        node.ip(f"route add {network} via {client.v4}")
    return network


def _serve(address, *ports):
    def greet(listener, port):
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(f"{port}\n".encode())
    for port in ports:
        listener = socket.create_server((address, int(port)), backlog=4096)
        threading.Thread(target=greet, args=(listener, port)).start()
    print("ready", flush=True)


def _answer(address, port, source=None):
    try:
        with socket.create_connection((address, int(port)), PATIENCE, (source, 0) if source else None) as connection:
            return connection.recv(100).decode().strip() or None
    except OSError:  # a timeout is one
        return None


def _ask(address, port, network, first, count):
    print("ready", flush=True)
    base = ipaddress.ip_network(network).network_address
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = range(int(first), int(first) + int(count))
        print(json.dumps(list(pool.map(lambda n: _answer(address, port, str(base + n)), numbers, chunksize=100))))


def _steady(address, port, rate):
    print("ready", flush=True)
    rows, begin = [], time.monotonic()

    def one():
        begun = time.monotonic()
        answer = _answer(address, port)
        rows.append([begun, time.monotonic(), answer])
    with concurrent.futures.ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        number = 0
        while not select.select([sys.stdin], [], [], max(0.0, begin + number / float(rate) - time.monotonic()))[0]:
            pool.submit(one)
            number += 1
    print(json.dumps(sorted(rows)))


if __name__ == "__main__":
    {"serve": _serve, "ask": _ask, "steady": _steady}[sys.argv[1]](*sys.argv[2:])
