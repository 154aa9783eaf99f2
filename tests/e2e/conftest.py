"""One browser for all files."""
import browser
import pytest


@pytest.fixture(scope="session", autouse=True)
def one_browser():
    yield
    browser.stop()
