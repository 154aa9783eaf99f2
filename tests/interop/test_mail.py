"""Do real mail servers and real clients get along through the balancer, also while one of two servers dies twice?"""
import concurrent.futures
import imaplib
import poplib
import re
import smtplib
import threading
import time

import clients
import ports
import pytest
from dialogues import Dialogues
from mail_servers import DOMAIN, PASSWORD, USER
from mail_site import KINDS, MESSAGE, site  # noqa: F401: a fixture
from wait import until

DIALOGUES = 200
AT_ONCE = 6


@pytest.fixture
def balanced(site, start_aloha):
    """The site behind the Exchange areas; clients' ports by name."""
    p, front = site.ports, {name: ports.free_port() for name in site.ports}
    text = 'listen_address: "127.0.0.1"\n'
    for number in (1, 2):
        for kind in ("cas", "hub"):
            text += f'{kind}_server {{ name: "MAIL{number}" address: "127.0.0.{number + 1}" }}\n'
    for kind in KINDS:
        text += (f"{kind} {{ mode: CLEAR_AND_SSL_FORWARD virtual_port: {front[kind]} virtual_ssl_port: {front[kind + 's']} "
                 f"server_port: {p[kind]} server_ssl_port: {p[kind + 's']} "
                 f"{'ssl_port_mode: IMPLICIT' if kind == 'smtp' else ''} }}\n")
    start_aloha(text)
    return front


class Run:
    """Many dialogues at once; every outcome with its times and the server that was seen."""

    def __init__(self):
        self.outcomes = []
        self.kills = []  # (begin, end)
        self.lock = threading.Lock()

    def one(self, name, function, port, tls):
        seen, begin, error = [], time.monotonic(), None
        try:
            function(port, tls, seen.append)
        except Exception as e:  # whatever a client library raises is an outcome
            error = f"{name}: {type(e).__name__}: {e}"
        server = re.search(r"MAIL\d", " ".join(seen))
        with self.lock:
            self.outcomes.append((error, begin, time.monotonic(), server and server[0]))

    def unexcused(self):
        """Errors but those of dialogues that were live on MAIL1, or had seen no server yet, when it was killed."""
        return [error for error, begin, end, server in self.outcomes
                if error and not (server in ("MAIL1", None) and any(begin <= k[1] and end >= k[0] for k in self.kills))]

    def done(self):
        return len(self.outcomes)


def disturb(site, run):
    """Kills one of the two machines and brings it back, twice, spread over the run."""
    for kill_at, start_at in ((0.15, 0.3), (0.5, 0.7)):
        until(lambda: run.done() >= DIALOGUES * kill_at, 200)
        begin = time.monotonic()
        site.each(0, "kill")
        run.kills.append((begin, time.monotonic()))
        until(lambda: run.done() >= DIALOGUES * start_at, 200)
        site.each(0, "start")


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "ssl-forward"])
def test_200_dialogues_while_a_server_dies_twice(site, balanced, tls):
    dialogues = Dialogues(MESSAGE, site.file).all()
    # The libraries most of the time, the slower programs as every sixth.
    names = [n for n in dialogues if n.endswith("lib")] * 5 + [n for n in dialogues if not n.endswith("lib")]
    run = Run()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool, concurrent.futures.ThreadPoolExecutor(1) as other:
        disturbance = other.submit(disturb, site, run)
        for number in range(DIALOGUES):
            name = names[number % len(names)]
            kind, function = dialogues[name]
            pool.submit(run.one, name, function, balanced[kind + ("s" if tls else "")], tls)
        disturbance.result()
    assert run.done() == DIALOGUES
    assert run.unexcused() == []
    assert sum(1 for error, *_ in run.outcomes if error) <= 2 * AT_ONCE, run.outcomes
    seen = [server for error, _, _, server in run.outcomes if not error]
    assert seen.count("MAIL1") > DIALOGUES // 10 and seen.count("MAIL2") > DIALOGUES // 4, "both servers worked"


def test_what_is_sent_is_what_is_fetched(site, balanced):
    message = MESSAGE.replace(b"Subject: ten", b"Subject: sent ten").replace(b"00000001 x", b"..001\r\n.\tdots x")
    with smtplib.SMTP("127.0.0.1", balanced["smtp"], timeout=30) as c:
        c.sendmail("a@example.test", [f"{USER}@{DOMAIN}"], message)
    c = imaplib.IMAP4_SSL("127.0.0.1", balanced["imaps"], ssl_context=clients.unverified(), timeout=30)
    c.login(USER, PASSWORD)

    def arrived():
        c.select("INBOX", readonly=True)
        return c.search(None, "SUBJECT", '"sent ten"')[1][0].split()
    number = until(arrived, 20, "the message is delivered", interval=0.2)[0]
    fetched = c.fetch(number, "(BODY.PEEK[])")[1][0][1]
    assert fetched.partition(b"\r\n\r\n")[2] == message.partition(b"\r\n\r\n")[2]
    c.logout()


def test_starttls_of_the_servers_passes_through(site, balanced):
    c = imaplib.IMAP4("127.0.0.1", balanced["imap"], timeout=30)
    c.starttls(clients.unverified())
    c.login(USER, PASSWORD)
    c.logout()
    p = poplib.POP3("127.0.0.1", balanced["pop3"], timeout=30)
    p.stls(clients.unverified())
    p.user(USER)
    p.pass_(PASSWORD)
    p.quit()
    with smtplib.SMTP("127.0.0.1", balanced["smtp"], timeout=30) as s:
        s.starttls(context=clients.unverified())
        s.noop()


def test_idle_of_imap_hears_of_new_mail(site, balanced):
    with clients.Line(balanced["imap"], timeout=20) as line:
        line.read()
        line.ask(f"a LOGIN {USER} {PASSWORD}", until="a OK")
        line.ask("b SELECT INBOX", until="b OK")
        assert line.ask("c IDLE").startswith("+")
        with smtplib.SMTP("127.0.0.1", balanced["smtp"], timeout=30) as s:
            s.sendmail("a@example.test", [f"{USER}@{DOMAIN}"], b"Subject: news\r\n\r\nnews\r\n")
        while "EXISTS" not in line.read():
            pass
