"""Does postfix take our mail, and is it what was meant?"""
import email
import email.policy

import config
import ports
from mail_servers import DOMAIN, USER
from mail_site import site  # noqa: F401: a fixture
from wait import until


def test_postfix_delivers_an_alert(site, farm, start_aloha):  # noqa: F811
    mail = (f'alert {{ smtp_server: "127.0.0.2" port: {site.ports["smtp"]} from: "aloha@{DOMAIN}" to: "{USER}@{DOMAIN}" }}\n')
    aloha = start_aloha(mail + config.of_farm(farm, "imap", "mail", ports.free_port()))
    inbox = site.mailbox / USER / "new"
    farm("down CAS1 imap")
    aloha.wait_check("mail", "CAS1", "DOWN")
    file = until(lambda: next(inbox.iterdir(), None), 30, "mail in the mailbox")
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert "mail/CAS1: DOWN" in message["Subject"] and "WARNING check mail/CAS1: DOWN" in message.get_content()
