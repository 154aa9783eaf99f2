"""Two machines with real mail servers, for all tests of a file."""
import os

import ports
import pytest
from mail_servers import Dovecot, Postfix, make_certificate, make_mailbox

KINDS = ("imap", "pop3", "smtp")
MESSAGE = (b"From: a@example.test\r\nTo: u1@example.test\r\nSubject: ten megabytes\r\nMessage-ID: <ten@example.test>\r\n\r\n"
           + b"".join(b"%08d %s\r\n" % (i, b"x" * 67) for i in range(10_000_000 // 78)))


class Site:
    """Two machines, each with dovecot and postfix, on the same ports of two addresses; both show one mailbox."""

    def __init__(self, folder):
        self.file = folder / "message"
        self.file.write_bytes(MESSAGE)
        self.certificate = certificate = make_certificate(folder)
        self.mailbox = mailbox = make_mailbox(folder, MESSAGE)
        self.ports = {k + s: ports.free_port() for k in KINDS for s in ("", "s")}
        dovecot_ports = {k: self.ports[k] for k in ("imap", "imaps", "pop3", "pop3s")}
        postfix_ports = {k: self.ports[k] for k in ("smtp", "smtps")}
        self.machines = []
        for number in (1, 2):
            address = f"127.0.0.{number + 1}"
            self.machines.append((
                Dovecot(f"MAIL{number}", address, dovecot_ports, folder / f"dovecot{number}", mailbox, certificate),
                Postfix(f"MAIL{number}", address, postfix_ports, folder / f"postfix{number}", mailbox, certificate)))
        for number in (0, 1):
            self.each(number, "start")

    def each(self, number, verb):
        for server in self.machines[number]:
            getattr(server, verb)()

    def stop(self):
        for number in (0, 1):
            self.each(number, "stop")


@pytest.fixture(scope="module")
def site(module_folder):
    if os.getuid() != 0:
        pytest.skip("needs root: dovecot and postfix give their processes users of their own")
    site = Site(module_folder)
    yield site
    site.stop()
