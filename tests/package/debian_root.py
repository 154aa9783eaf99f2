"""A clean Debian 12 in memory, to install packages in and run them. Needs root, and the archive of Debian."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import process

# The clean root and the packages that were fetched for it, for a day.
CACHE = pathlib.Path("/tmp/aloha-package-test")
DAY = 86400

# As aloha.service starts it: this user with its groups, and nothing beyond these three, which it does not have itself.
UNIT = ["setpriv", "--reuid=aloha", "--regid=aloha", "--init-groups", "--inh-caps=-all",
        "--bounding-set=-all,+net_bind_service,+net_admin,+net_raw"]


def _clean_root():
    archive = CACHE / "root.tar"
    if not archive.exists() or archive.stat().st_mtime < time.time() - DAY:
        shutil.rmtree(CACHE, ignore_errors=True)
        (CACHE / "archives/partial").mkdir(parents=True)
        partial = CACHE / "unfinished.tar"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists", "bookworm", partial],
                       check=True)
        partial.rename(archive)
    return archive


class DebianRoot:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="aloha-root-"))
        # Not below /dev/shm, which ignores setuid and file capabilities.
        self._mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path)
        try:
            subprocess.run(["tar", "-xf", _clean_root(), "-C", self.path], check=True)
            self._mount("-t", "proc", "proc", self.path / "proc")
            self._mount("--bind", CACHE / "archives", self.path / "var/cache/apt/archives")
            shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _mount(*words):
        subprocess.run(["mount", *map(str, words)], check=True)

    def command(self, *words, as_unit=False):
        """The same command, in this root; it keeps its pid."""
        return ["chroot", self.path, *(UNIT if as_unit else ()), *words]

    def run(self, *words, check=True):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        result = subprocess.run([str(w) for w in self.command(*words)], env=environment, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        assert not check or result.returncode == 0, f"{words}: {result.stdout}"
        return result

    def install(self, *packages):
        """apt install ./FILE..."""
        for package in packages:
            shutil.copy(package, self.path / "root")
        self.run("apt-get", "install", "--yes", "--no-install-recommends", *(f"/root/{p.name}" for p in packages))

    def files(self):
        """Every path but of /proc, of caches and of what any package changes."""
        apart = ("proc", "root", "tmp", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log", "run/lock")
        found = set()
        for folder, folders, files in os.walk(self.path):
            here = pathlib.Path(folder).relative_to(self.path)
            folders[:] = [f for f in folders if str(here / f) not in apart]
            found |= {str(here / name) for name in (*folders, *files)}
        return found

    def close(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                inside = os.readlink(f"/proc/{pid}/root") == str(self.path)
            except OSError:
                continue
            if inside:
                process.kill(int(pid))
        subprocess.run(["umount", "--recursive", "--lazy", self.path], check=False)
        self.path.rmdir()
