"""Are the packages as Debian wants them, and the same whoever builds them?"""
import hashlib
import subprocess

from paths import SOURCE
from test_package import PACKAGES, packages


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.deb")}


def test_lintian_finds_nothing():
    changes = next(PACKAGES.glob("*.changes"))
    command = ["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", changes]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_debug_symbols_are_a_package_of_their_own():
    assert packages("aloha-dbgsym") and packages("aloha-farm-dbgsym")


def test_another_build_in_another_folder_gives_the_same_bytes(folder):
    subprocess.run([SOURCE / "deploy/build-packages", folder / "packages"], check=True, capture_output=True)
    assert digests(folder / "packages") == digests(PACKAGES)
