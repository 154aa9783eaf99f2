"""Each action on the services, and changes by alohactl."""
import browser
import ports
import pytest
from config import exchange, exchange_ports

SPEC = "services"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    clients = exchange_ports(ports.free_port)
    aloha, port = browser.start(start_module_aloha, offloading(exchange(module_farm, clients)))
    return browser.run(SPEC, aloha, port, IMAP_PORT=clients["imap"])


def offloading(text):
    """TLS of IMAP ends here, so that stunnel is in use."""
    return text.replace("imap { mode: CLEAR_AND_SSL_FORWARD", "imap { mode: CLEAR_AND_SSL_OFFLOAD")


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_services(results, check):
    results.expect(check)
