"""VRRP on the wire (RFC 3768, RFC 9568): frames that are well formed, or wrong in the one way that a test asks for."""
import dataclasses
import ipaddress
import random
import socket
import struct
import time

PROTOCOL = 112
GROUP = {4: "224.0.0.18", 6: "ff02::12"}
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
ETH_ALL = 3


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address):
    return ipaddress.ip_address(address).packed


def _group_mac(group):
    raw = packed(group)
    return b"\x33\x33" + raw[-4:] if len(raw) == 16 else bytes([1, 0, 0x5E, raw[1] & 0x7F, raw[2], raw[3]])


@dataclasses.dataclass
class Advert:
    """`interval` in seconds. The fields below it make it wrong."""

    source: str
    addresses: tuple
    vrid: int = 51
    version: int = 3
    priority: int = 100
    interval: float = 1.0
    destination: str = None
    ttl: int = 255
    type: int = 1
    auth_type: int = 0
    auth_data: bytes = b"\0" * 8
    count: int = None
    bad_checksum: bool = False
    tail: bytes = b""   # more than the message says
    cut: int = 0        # bytes missing at its end
    protocol: int = PROTOCOL

    @property
    def family(self):
        return ipaddress.ip_address(self.source).version

    def message(self):
        """What stands behind the IP header."""
        count = len(self.addresses) if self.count is None else self.count
        list_ = b"".join(map(packed, self.addresses))
        if self.version == 3:
            timing = struct.pack("!H", round(self.interval * 100) & 0xFFF)
        else:
            timing = struct.pack("!BB", self.auth_type, round(self.interval) & 0xFF)
            list_ += self.auth_data
        head = struct.pack("!BBBB", self.version << 4 | self.type, self.vrid, self.priority, count)
        whole = head + timing + b"\0\0" + list_ + self.tail
        whole = whole[: len(whole) - self.cut]
        covered = self._pseudo_header(len(whole)) + whole if self.version != 2 else whole
        total = checksum(covered)
        if self.bad_checksum:
            total ^= 0x5555
        return whole[:6] + struct.pack("!H", total) + whole[8:]

    def _pseudo_header(self, length):
        ends = packed(self.source) + packed(self.destination or GROUP[self.family])
        return ends + (struct.pack("!BBH", 0, PROTOCOL, length) if self.family == 4
                       else struct.pack("!IHBB", length, 0, 0, PROTOCOL))

    def frame(self, source_mac, destination_mac=None):
        """`destination_mac` None: that of the group, or for a unicast address everybody's."""
        to = self.destination or GROUP[self.family]
        if destination_mac is None:
            multicast = ipaddress.ip_address(to).is_multicast
            destination_mac = _group_mac(to) if multicast else b"\xff" * 6
        message = self.message()
        if self.family == 4:
            head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(message), 1, 0, self.ttl, self.protocol, 0)
            head += packed(self.source) + packed(to)
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        else:
            head = struct.pack("!IHBB", 6 << 28, len(message), self.protocol, self.ttl) + packed(self.source) + packed(to)
        return destination_mac + bytes.fromhex(source_mac.replace(":", "")) + struct.pack("!H", ETHERTYPE[self.family]) + \
            head + message


class Forger:
    """Sends frames from a machine, with whatever in them."""

    def __init__(self, machine, interface="eth0"):
        def opened():
            link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            link.bind((interface, 0))
            return link
        self._machine = machine
        self._socket = machine.inside(opened)

    def send(self, advert, times=1):
        frame = advert.frame(self._machine.mac)
        for _ in range(times):
            self._socket.send(frame)

    def send_to(self, advert, mac):
        """To one machine alone."""
        self._socket.send(advert.frame(self._machine.mac, bytes.fromhex(mac.replace(":", ""))))

    def flood(self, frames, seconds, most):
        """As fast as it goes, for so long or so many; (number, seconds)."""
        begin, number, took = time.monotonic(), 0, 0.0
        while number < most and (took := time.monotonic() - begin) < seconds:
            for frame in frames[:64] if len(frames) < 64 else random.sample(frames, 64):
                self._socket.send(frame)
                number += 1
        return number, took

    def close(self):
        self._socket.close()


@dataclasses.dataclass
class Seen:
    """An advert that went by."""

    time: float  # monotonic
    source: str
    destination: str
    version: int
    vrid: int
    priority: int
    interval: float
    hops: int
    addresses: tuple


def advert_of(frame, time):
    """Seen, or None when the frame is something else, or shorter than it says."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == ETHERTYPE[4] and frame[14 + 9] == PROTOCOL:
        header, family, hops = 14 + (frame[14] & 15) * 4, 4, frame[14 + 8]
        ends, size = frame[26:34], 4
    elif kind == ETHERTYPE[6] and frame[14 + 6] == PROTOCOL:
        header, family, hops = 54, 6, frame[14 + 7]
        ends, size = frame[22:54], 16
    else:
        return None
    if len(frame) < header + 8 or len(frame) < header + 8 + frame[header + 3] * size:
        return None
    first, vrid, priority, count = struct.unpack_from("!BBBB", frame, header)
    version = first >> 4
    interval = struct.unpack_from("!H", frame, header + 4)[0] / 100 if version == 3 else frame[header + 5]
    text = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}[family]
    addresses = tuple(str(text(frame[header + 8 + i * size: header + 8 + (i + 1) * size])) for i in range(count))
    return Seen(time, str(text(ends[:size])), str(text(ends[size:])), version, vrid, priority, interval, hops, addresses)


def announced_of(frame):
    """The address that a gratuitous ARP or an unsolicited neighbour advertisement is about; None: something else."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0806 and frame[28:32] == frame[38:42]:
        return str(ipaddress.IPv4Address(frame[28:32]))
    if kind == ETHERTYPE[6] and frame[20] == 58 and frame[54] == 136 and not frame[58] & 0x40:
        return str(ipaddress.IPv6Address(frame[62:78]))
    return None
