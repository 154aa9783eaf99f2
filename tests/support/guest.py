"""A virtual machine that boots Debian's own kernel, in software, without network or disk: for what this machine's kernel
cannot do. The kernel's package is unpacked into ~/.cache/aloha-guest and never installed."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "aloha-guest"
# What the kernel's TLS needs, of its ciphers too.
TLS_MODULES = ("tls", "gcm", "ctr", "ghash-generic", "aesni-intel", "chacha_generic", "poly1305_generic",
               "chacha20poly1305")

# The system console carries everything; what the command says stands between two marks.
_BEGIN, _END = "== the guest begins ==", "== the guest ends: "
_INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
while read -r module; do insmod "/modules/$module" || echo "insmod $module: exit code $?"; done </modules/order
ip link set lo up
echo; echo "{_BEGIN}"
sh -c "$(cat /command)"
echo "{_END}$?"
reboot -f
"""


class Outcome:
    """How the command ended: its exit code, and what it wrote on standard output and error."""

    def __init__(self, console):
        found = re.search(f"{_BEGIN}\n(.*?){_END}(\\d+)\n", console, re.S)
        assert found, "the guest did not finish:\n" + console[-5000:]
        self.output, self.code = found[1], int(found[2])


def run(command, files=(), modules=(), memory_mb=512, timeout=600):
    """Boots a guest, runs a shell command as root in it and returns its Outcome.

    files: programs and other files of this machine, or pairs (file, path in the guest); without a path they are at the
    same place, and so are the libraries of programs, and everything below a folder. modules: of the kernel, by name."""
    with tempfile.TemporaryDirectory() as folder:
        root, archive = pathlib.Path(folder) / "root", pathlib.Path(folder) / "initramfs"
        kernel = _kernel()
        _fill(root, files)
        _add_modules(root, kernel, modules)
        (root / "command").write_text(command)
        _pack(root, archive)
        image = next((kernel / "boot").glob("vmlinuz-*"))
        emulator = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", str(memory_mb),
                    "-nographic", "-nic", "none", "-no-reboot", "-kernel", image, "-initrd", archive,
                    "-append", "console=ttyS0 quiet panic=-1"]
        try:
            done = subprocess.run(emulator, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout, check=False)
            console = done.stdout
        except subprocess.TimeoutExpired as late:
            console = late.stdout or b""
    return Outcome(console.decode(errors="replace").replace("\r", ""))


def _kernel():
    """Folder of the unpacked package, fetched the first time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for kept in CACHE.glob("linux-image-*"):
            return kept
        depends = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], check=True, text=True,
                                 capture_output=True).stdout
        name = re.search(r"Depends: (linux-image-\S+)", depends)[1]
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            subprocess.run(["apt-get", "download", "-qq", name], cwd=folder, check=True, capture_output=True)
            package = next(pathlib.Path(folder).glob("*.deb"))
            subprocess.run(["dpkg", "-x", package, f"{folder}/unpacked"], check=True)
            (pathlib.Path(folder) / "unpacked").rename(CACHE / name)
        return CACHE / name


def _fill(root, files):
    for folder in ("bin", "proc", "sys", "dev", "tmp", "modules"):
        (root / folder).mkdir(parents=True)
    (root / "init").write_text(_INIT)
    (root / "init").chmod(0o755)
    wanted = {"/bin/busybox": pathlib.Path("/bin/busybox")}
    for entry in files:
        source, place = entry if isinstance(entry, tuple) else (entry, entry)
        source = pathlib.Path(source)
        for file in [f for f in source.rglob("*") if f.is_file()] if source.is_dir() else [source]:
            wanted[str(pathlib.Path(place) / file.relative_to(source))] = file
    for file in list(wanted.values()):
        wanted.update({library: pathlib.Path(library) for library in _libraries(file)})
    for place, source in wanted.items():
        copy = root / place.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


def _libraries(program):
    """Absolute paths of the shared libraries that a program loads; none of another file."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", listed.stdout) if listed.returncode == 0 else []


def _add_modules(root, kernel, names):
    """Puts the modules and what they need into the guest, in the order of loading."""
    tree = next((kernel / "lib/modules").iterdir())
    if not (tree / "modules.dep").exists():
        subprocess.run(["busybox", "depmod", "-b", kernel, tree.name], check=True)
    needs = {}
    for line in (tree / "modules.dep").read_text().splitlines():
        module, needed = line.split(":")
        needs[module] = needed.split()
    paths = {pathlib.Path(module).stem: module for module in needs}
    order = []

    def add(module):
        for needed in needs[module]:
            add(needed)
        if module not in order:
            order.append(module)

    for name in names:
        add(paths[name])
    for module in order:
        shutil.copy(tree / module, root / "modules")
    (root / "modules/order").write_text("".join(pathlib.Path(module).name + "\n" for module in order))


def _pack(root, archive):
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(open(archive, "wb"))
        find = stack.enter_context(subprocess.Popen(["find", "."], cwd=root, stdout=subprocess.PIPE))
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, stdin=find.stdout, stdout=out, check=True)
