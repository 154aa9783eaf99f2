"""Real mail servers, dovecot and postfix, on a loopback address and high ports, in private folders.

Needs root (both give their processes users of their own). Nothing of the system's own mail configuration is read or
changed, and no system service is started.
"""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import clients
import process
from wait import until

USER, PASSWORD = "u1", "secret"
DOMAIN, SINK = "example.test", "sink.test"  # kept in the mailbox; accepted and thrown away
POSTFIX = pathlib.Path("/usr/lib/postfix/sbin")


def make_certificate(folder):
    """A self-signed certificate with its key in one file."""
    pem, key = folder / "mail.pem", folder / "mail.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=mail.example.test", "-keyout", key, "-out", pem], check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    return pem


def make_mailbox(folder, message):
    """A Maildir that both servers show, with one message."""
    owner = pwd.getpwnam("mail")
    home = folder / "mail"
    for path in (home, home / USER, *(home / USER / part for part in ("cur", "new", "tmp"))):
        path.mkdir()
    (home / USER / "cur" / "1.first.host:2,S").write_bytes(message.replace(b"\r\n", b"\n"))
    for path in (home, *home.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return home


class Server:
    """A process tree that is started, killed with all its children, and started again."""

    def __init__(self, name, address, ports, folder):
        self.name, self.address, self.ports, self.folder = name, address, ports, folder
        self.process = None
        folder.mkdir()
        self.prepare()

    def start(self):
        self.process = process.spawn(self.command(), cwd=self.folder)
        for port in self.ports.values():
            until(lambda: self._listens(port), 15, f"{self.name} listens on {port}", interval=0.05)

    def _listens(self, port):
        assert self.process.poll() is None, f"{self.name} ended: {self.log()}"
        clients.Line(port, address=self.address).close()
        return True

    def log(self):
        path = self.folder / "log"
        return path.read_text()[-1500:] if path.exists() else ""

    def kill(self):
        """kill -9 of all of it: the master first, halted before, so that it replaces nobody."""
        self.process.send_signal(signal.SIGSTOP)
        until(lambda: process.state(self.process.pid) in ("T", "Z"), what=f"{self.name} is halted", interval=0.01)
        children = process.descendants(self.process.pid)
        process.stop(self.process, (signal.SIGKILL,))
        for pid in children:
            process.kill(pid)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Dovecot(Server):
    def __init__(self, name, address, ports, folder, mailbox, certificate):
        self.mailbox, self.certificate = mailbox, certificate
        super().__init__(name, address, ports, folder)

    def command(self):
        return ["dovecot", "-F", "-c", self.folder / "dovecot.conf"]

    def prepare(self):
        owner, p = pwd.getpwnam("mail"), self.ports

        def listener(protocol):
            return (f"service {protocol}-login {{\n  service_count = 0\n  process_min_avail = 1\n"
                    f"  inet_listener {protocol} {{\n    port = {p[protocol]}\n  }}\n"
                    f"  inet_listener {protocol}s {{\n    port = {p[protocol + 's']}\n    ssl = yes\n  }}\n}}\n")

        (self.folder / "dovecot.conf").write_text(f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
instance_name = {self.folder.name}
login_greeting = {self.name} ready
protocols = imap pop3
listen = {self.address}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{self.mailbox}/%n
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
mail_max_userip_connections = 1000
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.certificate}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={self.mailbox}/%n
}}
{listener("imap")}{listener("pop3")}
""")


class Postfix(Server):
    def __init__(self, name, address, ports, folder, mailbox, certificate):
        self.mailbox, self.certificate = mailbox, certificate
        super().__init__(name, address, ports, folder)

    def command(self):
        return [POSTFIX / "master", "-c", self.folder / "conf", "-d"]

    def prepare(self):
        owner = pwd.getpwnam("mail")
        for part in ("conf", "queue", "data"):
            (self.folder / part).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        (self.folder / "conf" / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
daemon_directory = {POSTFIX}
maillog_file = {self.folder}/log
maillog_file_prefixes = {self.folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {self.name.lower()}.{DOMAIN}
smtpd_banner = {self.name} ESMTP
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {DOMAIN}, {SINK}
virtual_mailbox_base = {self.mailbox}
virtual_mailbox_maps = static:{USER}/
virtual_uid_maps = static:{owner.pw_uid}
virtual_gid_maps = static:{owner.pw_gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 64000000
transport_maps = inline:{{ {SINK}=discard: }}
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {self.certificate}
""")
        (self.folder / "conf" / "master.cf").write_text(f"""
{self.address}:{self.ports["smtp"]} inet n - n - - smtpd
{self.address}:{self.ports["smtps"]} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
""")
        subprocess.run(["postfix", "-c", self.folder / "conf", "check"], check=True, capture_output=True)
