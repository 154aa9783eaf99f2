"""Certificates and trust anchors: uploaded, replaced, made, deleted, and every way in which a file is refused."""
import browser
import ports
import pytest
from config import exchange, exchange_ports
from pki import PASSWORD

SPEC = "certificates"


@pytest.fixture(scope="module")
def results(module_farm, start_module_aloha, pki, module_folder):
    aloha, port = browser.start(start_module_aloha, exchange(module_farm, exchange_ports(ports.free_port)))
    garbage = module_folder / "garbage.pfx"
    garbage.write_bytes(bytes(range(256)) * 8)
    mail = pki.leaf("mail")
    files = {"pfx": mail.pfx(), "password": PASSWORD, "pem": pki.leaf("second").pem, "other": pki.leaf("other", key="p256").pem,
             "garbage": garbage, "ca": pki.ca}
    return browser.run(SPEC, aloha, port, FILES={name: str(file) for name, file in files.items()})


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_certificates(results, check):
    results.expect(check)
