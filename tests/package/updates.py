"""Updates of the appliance made of the image's own system, and some that are wrong."""
import os
import pathlib
import subprocess

from appliance import IMAGE
from paths import SOURCE

TOOLS = SOURCE / "deploy/appliance"
KEY = pathlib.Path(os.environ.get("ALOHA_FIRMWARE_KEY", IMAGE.parent / "firmware-key"))


def _run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def _bundle(folder, key):
    _run(TOOLS / "build-bundle", folder, env={**os.environ, "ALOHA_FIRMWARE_KEY": str(key)})
    (folder / "root.ext4").unlink()
    return next(folder.glob("*.raucb"))


def release(version, compatible="aloha-appliance"):
    return f"IMAGE_ID={compatible}\nIMAGE_VERSION={version}\nBUILD_ID=2026-12-01\n"


def whole(folder, version, without=()):
    """The image's system as another version, but for these files."""
    folder.mkdir()
    system = folder / "root.ext4"
    _run("cp", "--sparse=always", IMAGE.parent / "root.ext4", system)
    (folder / "os-release").write_text(release(version))
    path = "/usr/lib/os-release"
    commands = [f"rm {path}", f"write {folder}/os-release {path}", *(f"rm {name}" for name in without)]
    (folder / "commands").write_text("\n".join(commands) + "\n")
    _run("debugfs", "-w", "-f", folder / "commands", system, stderr=subprocess.DEVNULL)
    return _bundle(folder, KEY)


def empty(folder, version, compatible="aloha-appliance", key=KEY):
    """A small file system with nothing in it that could boot."""
    tree = folder / "tree/usr/lib"
    tree.mkdir(parents=True)
    (tree / "os-release").write_text(release(version, compatible))
    (folder / "tree/filling").write_bytes(os.urandom(1 << 20))
    _run("mke2fs", "-q", "-t", "ext4", "-d", folder / "tree", folder / "root.ext4", "8M")
    return _bundle(folder, key)


def foreign_key(folder):
    _run(TOOLS / "make-firmware-key", folder, "Somebody else")
    return folder
