"""The user guide as the help of the web interface: from every page to its chapter."""
import browser
import ports
import pytest
from config import of_farm

SPEC = "help"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha):
    aloha, port = browser.start(start_module_aloha, of_farm(module_farm, "imap", "mail", ports.free_port()))
    return browser.run(SPEC, aloha, port)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_help(results, check):
    results.expect(check)
