"""Markup in whatever strangers can write stays text."""
import browser
import ports
import pytest
from config import http_of_farm

SPEC = "injection"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    port_of_web = ports.free_port()
    aloha, port = browser.start(start_module_aloha, http_of_farm(module_farm, "intranet", port_of_web))
    return browser.run(SPEC, aloha, port, WEB_PORT=port_of_web)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_injection(results, check):
    results.expect(check)
