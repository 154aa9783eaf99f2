"""A machine that runs from an image: its /etc/os-release says so, and its state folder may be on a small disk."""
RUNNING = "1.2.0-1"


class Image:
    """For Aloha(machine=…). `folder`: for its files; `small`: a folder that becomes a disk of `mib` MiB."""

    def __init__(self, folder, small=None, mib=0):
        self.small, self.mib = small, mib
        self.release = folder / "os-release"
        self.release.write_text(f"ID=debian\nIMAGE_ID=aloha-appliance\nIMAGE_VERSION={RUNNING}\n")
        self.release.chmod(0o644)

    def command(self, words):
        mounts = f"mount --bind {self.release} $(realpath /etc/os-release)"
        if self.small:
            self.small.mkdir(exist_ok=True)
            mounts += f" && mount -t tmpfs -o size={self.mib}m,mode=0755 none {self.small}"
        return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", *map(str, words)]
