"""Every area of the Config page, edited, validated, cancelled, with wrong values; stale forms."""
import browser
import ports
import pytest
from config import exchange, exchange_ports

SPEC = "config"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    clients = exchange_ports(ports.free_port)
    aloha, port = browser.start(start_module_aloha, exchange(module_farm, clients))
    return browser.run(SPEC, aloha, port, HTTPS_PORT=str(clients["https"]), CAS_HTTP_PORT=str(module_farm.ports["http"]),
                       WIKI_PORT=str(ports.free_port()))


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_config(results, check):
    results.expect(check)
