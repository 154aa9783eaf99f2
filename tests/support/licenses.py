"""Issuers of licences, by the program that issuers use."""
import datetime
import subprocess

from paths import SOURCE

PROGRAM = SOURCE / "deploy/license/issue-license"


def run(*words, folder=None):
    return subprocess.run([PROGRAM, *map(str, words)], cwd=folder, text=True, capture_output=True)


def day(offset):
    """Days from today, UTC."""
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


class Issuer:
    """`folder`: has the keys; `trusted`: its public key alone, for --license-keys."""

    def __init__(self, folder, name="acme"):
        self.folder = folder
        self.key = folder / f"{name}.key"
        made = run("new-key", name, folder=folder)
        assert made.returncode == 0, made.stderr
        self.trusted = folder / f"{name}.d"
        self.trusted.mkdir()
        (folder / f"{name}.pem").rename(self.trusted / f"{name}.pem")

    def issue(self, serial="A-1", owner="Example Ltd", *words):
        """The path of a licence file; `words`: further options."""
        issued = run("issue", self.key, "--serial", serial, "--owner", owner, *words)
        assert issued.returncode == 0, issued.stderr
        file = self.folder / f"{serial}.license"
        file.write_text(issued.stdout)
        return file
