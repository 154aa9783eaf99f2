"""Licences: request data, adding, removing, who may."""
import browser
import licenses
import pytest

SPEC = "licences"


@pytest.fixture(scope="module")
def results(module_folder, start_module_aloha):
    place = module_folder / "issuer"
    place.mkdir()
    issuer = licenses.Issuer(place)
    good = issuer.issue("A-1001", "Example Ltd", "--feature", "exchange", "--feature", "ha", "--expires", "2030-11-30")
    later = issuer.issue("B-2002", "Example Ltd", "--from", licenses.day(30))
    altered = place / "altered.license"
    altered.write_text(good.read_text().replace("Example Ltd", "Somebody else"))
    aloha, port = browser.start(start_module_aloha, "", serves=False, arguments=("--license-keys", issuer.trusted))
    files = {"good": str(good), "later": str(later), "altered": str(altered)}
    return browser.run(SPEC, aloha, port, LICENCES=files)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_licences(results, check):
    results.expect(check)
