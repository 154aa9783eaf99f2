"""A machine that runs from an image: its /etc/os-release says so, and its state folder may be on a small disk."""
RUNNING = "1.2.0-1"


class Image:
    """For Aloha(machine=…). `state_mib`: size of the disk of the state folder; 0: it is not on one of its own."""

    def __init__(self, folder, state_mib=0):
        self.folder = folder
        self.release = folder / "os-release"
        self.release.write_text(f"ID=debian\nIMAGE_ID=aloha-appliance\nIMAGE_VERSION={RUNNING}\n")
        self.release.chmod(0o644)
        self.state_mib = state_mib

    def command(self, words):
        mounts = f"mount --bind {self.release} $(realpath /etc/os-release)"
        if self.state_mib:
            (self.folder / "state").mkdir(exist_ok=True)
            mounts += f" && mount -t tmpfs -o size={self.state_mib}m,mode=0755 none {self.folder / 'state'}"
        return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", *map(str, words)]
