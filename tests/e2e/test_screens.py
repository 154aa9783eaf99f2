"""Every page in both languages, both themes and two widths: accessible, and within a phone."""
import browser
import ports
import pytest
from config import exchange, exchange_ports

SPEC = "screens"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    clients = exchange_ports(ports.free_port)
    aloha, port = browser.start(start_module_aloha, exchange(module_farm, clients))
    return browser.run(SPEC, aloha, port)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_screens(results, check):
    results.expect(check)
