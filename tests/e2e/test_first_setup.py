"""A whole set-up from factory default to serving mail, by clicks alone, proved by clients."""
import browser
import clients
import ports
import pytest
import tls
import web
from config import exchange_ports
from pki import PASSWORD

SPEC = "first_setup"
# As the factory configuration has it.
FACTORY = """
exchange_version: EXCHANGE_2010
http { mode: SSL_OFFLOAD }
imap { mode: DISABLED }
pop3 { mode: DISABLED }
smtp { mode: DISABLED }
rpc { enabled: true }
"""


@pytest.fixture(scope="module")
def listen():
    return {**exchange_ports(ports.free_port), "redirect": ports.free_port()}


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha, pki, listen):
    aloha, port = browser.start(start_module_aloha, FACTORY, serves=False)
    farm = {"pfx": str(pki.leaf("mail").pfx()), "filePassword": PASSWORD, "servers": module_farm.addresses,
            "ports": {name: str(number) for name, number in module_farm.ports.items()},
            "clients": {name: str(number) for name, number in listen.items()}, "password": browser.ADMIN[1]}
    return browser.run(SPEC, aloha, port, FARM=farm)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_first_setup(results, check):
    results.expect(check)


def test_https_is_served_with_the_certificate(results, listen, pki):
    answer = web.get(listen["https"], "/owa/", tls=tls.client(pki))
    assert answer.status == 200


def test_http_is_redirected(results, listen):
    assert web.get(listen["redirect"], "/owa/").status in (301, 302, 307, 308)


def test_imap_is_served_in_clear_and_with_tls(results, listen, pki):
    assert clients.imap(listen["imap"]).startswith("CAS")
    assert clients.imap(listen["imaps"], tls=tls.client(pki)).startswith("CAS")


def test_smtp_is_served_by_the_hub_servers(results, listen):
    assert clients.smtp(listen["smtp"]).startswith("HUB")
