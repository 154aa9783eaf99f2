"""Servers, sessions, persistence and charts as they change."""
import browser
import ports
import pytest
from config import exchange, exchange_ports

SPEC = "dashboard"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    clients = exchange_ports(ports.free_port)
    aloha, port = browser.start(start_module_aloha, exchange(module_farm, clients))
    return browser.run(SPEC, aloha, port, IMAP_PORT=clients["imap"], RPC_PORT=module_farm.ports["rpc"],
                       FARM_CONTROL=module_farm.control)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_dashboard(results, check):
    results.expect(check)
