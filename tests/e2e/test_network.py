"""The network page where the operating system keeps the addresses."""
import browser
import pytest

SPEC = "network"


@pytest.fixture(scope="module")
def results(start_module_aloha):
    aloha, port = browser.start(start_module_aloha, "", serves=False)
    return browser.run(SPEC, aloha, port)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_network(results, check):
    results.expect(check)
