"""Accounts, tokens, sessions, language, theme."""
import browser
import ports
import pytest
import remote
from config import of_farm

SPEC = "setup"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha, pki):
    aloha, port = browser.start(start_module_aloha, of_farm(module_farm, "imap", "mail", ports.free_port()))
    aloha.ctl("certificate", "import", pki.leaf("node", hosts=("127.0.0.1",)).pem)
    aloha.ctl("ca", "import", pki.ca, "--name", "corp")
    grpc = ports.free_port()
    far = [str(word) for word in remote.words(grpc, pki.ca, pki.client("mon"))]
    return browser.run(SPEC, aloha, port, METRICS_PORT=str(ports.free_port()), GRPC_PORT=str(grpc), REMOTE=far)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_setup(results, check):
    results.expect(check)
