"""Whole mail dialogues by clients that others wrote: Python's libraries, curl and swaks.

Each is called with (port, tls, note) and raises when anything is not as it should be; `tls`: False, True (from the first
byte) or "starttls". note(text) is told what names the server, as soon as it is known.
"""
import imaplib
import poplib
import smtplib
import subprocess

import clients
from mail_servers import PASSWORD, SINK, USER

TIMEOUT = 30
SENDER, RECIPIENT = "a@example.test", f"sink@{SINK}"


class Wrong(Exception):
    """An answer that is not the expected one."""


def expect(condition, what):
    if not condition:
        raise Wrong(what)


class Dialogues:
    """`message`: bytes with CRLF; what is in the mailbox, and what is sent. `file`: the same in a file."""

    def __init__(self, message, file):
        self.message, self.file = message, file

    def all(self):
        """name → (kind of port, function)."""
        return {
            "imaplib": ("imap", self.imap), "poplib": ("pop3", self.pop3), "smtplib": ("smtp", self.smtp),
            "curl imap": ("imap", self.curl_imap), "curl pop3": ("pop3", self.curl_pop3),
            "curl smtp": ("smtp", self.curl_smtp), "swaks": ("smtp", self.swaks),
        }

    def imap(self, port, tls, note):
        if tls is True:
            c = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=clients.unverified(), timeout=TIMEOUT)
        else:
            c = imaplib.IMAP4("127.0.0.1", port, timeout=TIMEOUT)
        note(c.welcome.decode())
        if tls == "starttls":
            c.starttls(clients.unverified())
        c.login(USER, PASSWORD)
        expect(c.list()[0] == "OK", "LIST")
        c.select("INBOX", readonly=True)
        _, data = c.fetch("1", "(BODY.PEEK[])")
        expect(data[0][1] == self.message, f"{len(data[0][1])} octets of {len(self.message)}, or others")
        c.logout()

    def pop3(self, port, tls, note):
        if tls is True:
            c = poplib.POP3_SSL("127.0.0.1", port, context=clients.unverified(), timeout=TIMEOUT)
        else:
            c = poplib.POP3("127.0.0.1", port, timeout=TIMEOUT)
        note(c.getwelcome().decode())
        if tls == "starttls":
            c.stls(clients.unverified())
        c.user(USER)
        c.pass_(PASSWORD)
        expect(len(c.list()[1]) >= 1, "LIST")
        _, lines, _ = c.retr(1)
        expect(b"\r\n".join(lines) + b"\r\n" == self.message, "the message differs")
        c.quit()

    def smtp(self, port, tls, note):
        if tls is True:
            c = smtplib.SMTP_SSL("127.0.0.1", port, timeout=TIMEOUT, context=clients.unverified())
        else:
            c = smtplib.SMTP("127.0.0.1", port, timeout=TIMEOUT)
        c.ehlo()
        if tls == "starttls":
            c.starttls(context=clients.unverified())
            c.ehlo()
        note(c.ehlo_resp.decode().upper())
        expect(c.sendmail(SENDER, [RECIPIENT], self.message) == {}, "a recipient was refused")
        c.quit()

    def curl_imap(self, port, tls, note):
        self._curl("imap", port, tls, "/INBOX;MAILINDEX=1", note, ["-u", f"{USER}:{PASSWORD}"])

    def curl_pop3(self, port, tls, note):
        self._curl("pop3", port, tls, "/1", note, ["-u", f"{USER}:{PASSWORD}"])

    def curl_smtp(self, port, tls, note):
        self._curl("smtp", port, tls, "", note, ["--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", str(self.file)],
                   download=False)

    def _curl(self, scheme, port, tls, path, note, options, download=True):
        url = f"{scheme}{'s' if tls is True else ''}://127.0.0.1:{port}{path}"
        required = ["--ssl-reqd"] if tls == "starttls" else []
        result = subprocess.run(["curl", "-vskS", "--max-time", str(TIMEOUT), url, *required, *options], capture_output=True)
        note(result.stderr.decode(errors="replace"))
        expect(result.returncode == 0, f"curl {result.returncode}: {result.stderr[-200:]!r}")
        expect(not download or result.stdout == self.message, "the message differs")

    def swaks(self, port, tls, note):
        command = ["swaks", "--server", "127.0.0.1", "--port", str(port), "--from", SENDER, "--to", RECIPIENT,
                   "--data", f"@{self.file}", "--timeout", str(TIMEOUT), "--suppress-data", *{False: [], True: ["--tlsc"], "starttls": ["--tls"]}[tls]]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace")
        note(result.stdout)
        expect(result.returncode == 0, f"swaks {result.returncode}: {result.stdout[-200:]} {result.stderr[-200:]}")
