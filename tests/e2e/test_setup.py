"""Accounts, tokens, sessions, language, theme."""
import browser
import ports
import pytest
from config import of_farm

SPEC = "setup"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    aloha, port = browser.start(start_module_aloha, of_farm(module_farm, "imap", "mail", ports.free_port()))
    return browser.run(SPEC, aloha, port, METRICS_PORT=str(ports.free_port()))


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_setup(results, check):
    results.expect(check)
