"""Everything about virtual addresses that happens in a network: adverts and announcements at the switch, and who has
which address when, as the kernels tell it. Nothing is sampled, so nothing is missed."""
import contextlib
import ipaddress
import os
import pathlib
import select
import socket
import struct
import subprocess
import threading
import time

from network import inside
from vrrp_wire import ETH_ALL, advert_of, announced_of
from wait import until

_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR (rtnetlink(7))
_NEW, _GONE = 20, 21    # RTM_NEWADDR, RTM_DELADDR
_SOCKET_BUFFER = 8 << 20


def _netlink():
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
    link.bind((0, _GROUPS))
    return link


def _address_events(data):
    """(set, address) of each message."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if kind in (_NEW, _GONE):
            attributes = data[24:length]
            while len(attributes) >= 4:
                size, name = struct.unpack_from("=HH", attributes)
                if name == 1:  # IFA_ADDRESS
                    yield kind == _NEW, str(ipaddress.ip_address(attributes[4:size]))
                attributes = attributes[(max(size, 4) + 3) & ~3:]
        data = data[(max(length, 16) + 3) & ~3:]


def _promiscuous_bridge():
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
    # PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC: a bridge then sees what it only passes on.
    tap.setsockopt(263, 1, struct.pack("=iHH8s", socket.if_nametoindex("br0"), 1, 0, b""))
    tap.bind(("br0", ETH_ALL))
    return tap


class Watch:
    """adverts: Seen of each; announcements: (time, machine, address); holdings: (time, machine, address, set).
    Times are monotonic; machines are names. `capture`: a pcap file of all frames with VRRP."""

    def __init__(self, network, capture=None):
        self.network = network
        self.adverts, self.announcements, self.holdings = [], [], []
        self._capture = open(capture, "wb") if capture else None
        if self._capture:
            self._capture.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self._by_mac = {bytes.fromhex(m.mac.replace(":", "")): m.name for m in network.machines}
        self._by_address = {a: m.name for m in network.machines for a in m.addresses()}
        self._sources = {m.inside(_netlink): m.name for m in network.machines}
        self._tap = inside(network.switch, _promiscuous_bridge)
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._ended)
        self._thread.join()
        for source in (*self._sources, self._tap):
            source.close()
        os.close(self._end)
        if self._capture:
            self._capture.close()

    def _run(self):
        waiting = select.poll()
        by_number = {s.fileno(): s for s in (*self._sources, self._tap)}
        for number in (*by_number, self._end):
            waiting.register(number, select.POLLIN | select.POLLHUP)
        while True:
            for number, _ in waiting.poll():
                if number == self._end:
                    return
                with contextlib.suppress(BlockingIOError):
                    self._read(by_number[number])

    def _read(self, source):
        data = source.recv(65536, socket.MSG_DONTWAIT)
        now = time.monotonic()
        if source is not self._tap:
            for is_set, address in _address_events(data):
                self.holdings.append((now, self._sources[source], address, is_set))
            return
        advert = advert_of(data, now)
        if advert:
            self.adverts.append(advert)
            if self._capture:
                wall = time.time()
                self._capture.write(struct.pack("=IIII", int(wall), int(wall % 1 * 1e6), len(data), len(data)) + data)
            return
        about = announced_of(data)
        if about:
            self.announcements.append((now, self._by_mac.get(data[6:12], data[6:12].hex(":")), about))

    def sender(self, advert):
        return self._by_address.get(advert.source, advert.source)

    def holders(self, address):
        """Names of the machines that have the address now."""
        result = set()
        for _, machine, about, is_set in list(self.holdings):
            if about == address:
                (result.add if is_set else result.discard)(machine)
        return result

    def wait_taken(self, address, name, timeout=15.0):
        """Waits until that machine has the address, whoever else has."""
        until(lambda: name in self.holders(address), timeout, f"{name} takes {address}", interval=0.005)

    def overlaps(self, address, since=0.0, before=float("inf")):
        """Seconds for which two machines had the address, of each time that this came about between the two moments."""
        having, begun, found = set(), None, []
        for moment, machine, about, is_set in [*self.holdings, (time.monotonic(), None, address, False)]:
            if about != address:
                continue
            (having.add if is_set else having.discard)(machine)
            if len(having) > 1 and machine:
                begun = begun or moment
            elif begun:
                if since <= begun < before:
                    found.append(moment - begun)
                begun = None
        return found

    def contested(self, vrid, since=0.0, before=float("inf")):
        """Adverts of a machine between two of whose own, not far apart, there is another machine's: two masters at once.
        Two of them come about in a take-over when one last advert crosses the new master's first. Goodbyes do not count."""
        last, found = {}, []
        for advert in list(self.adverts):
            if advert.vrid != vrid or advert.priority == 0 or not since <= advert.time < before:
                continue
            name = self.sender(advert)
            own = last.get(name)
            if own and advert.time - own.time < 1.9 * advert.interval and \
                    any(other.time > own.time for machine, other in last.items() if machine != name):
                found.append(advert)
            last[name] = advert
        return found

    def masters(self, vrid, since):
        """Who sent adverts, goodbyes left out."""
        return {self.sender(a) for a in list(self.adverts) if a.vrid == vrid and a.time >= since and a.priority}


def tshark(capture):
    """(number of adverts, what Wireshark has to say against any of them), checksums included."""
    command = ["tshark", "-r", capture, "-o", "ip.check_checksum:TRUE", "-Y", "vrrp", "-T", "fields", "-E", "separator=|",
               *[w for f in ("frame.number", "ip.src", "ipv6.src", "vrrp.checksum.status", "ip.checksum.status",
                             "_ws.malformed", "_ws.expert.message", "data") for w in ("-e", f)]]
    shown = subprocess.run(command, text=True, capture_output=True, check=True, env={**os.environ, "HOME": "/nonexistent"})
    lines = shown.stdout.splitlines()
    good = {("1", ""), ("1", "1")}  # of the message; of an IPv4 header, which IPv6 has not
    complaints = [line for line in lines
                  if tuple(line.split("|")[3:5]) not in good or any(line.split("|")[5:])]
    assert pathlib.Path(capture).stat().st_size > 24, "no advert was captured"
    return len(lines), complaints
