"""Do the packages install, serve, upgrade and go away as they should, in a clean Debian 12?

The packages are those in build/packages (deploy/build-packages), or in the folder that ALOHA_PACKAGES names."""
import json
import os
import pathlib
import re
import stat
import subprocess

import clients
import process
import pytest
from debian_root import DebianRoot
from load import Load
from network import Network
from paths import SOURCE
from wait import until

PACKAGES = pathlib.Path(os.environ.get("ALOHA_PACKAGES", SOURCE / "build/packages"))
CONFIGURATION = "/etc/aloha/aloha.textproto"
SYSTEM, KEYS = "/usr/libexec/aloha/aloha-system", "/usr/libexec/aloha/aloha-keys"
USERS, GROUPS = ("aloha", "aloha-keys", "aloha-dhcp"), ("aloha-admin", "aloha-exec")


def packages(name):
    found = sorted(PACKAGES.glob(f"{name}_*.deb"))
    assert found, f"no {name} in {PACKAGES}: run deploy/build-packages"
    return found[-1]


@pytest.fixture(scope="module")
def clean():
    if os.getuid() != 0:
        pytest.skip("needs root, for a root file system of its own")
    root = DebianRoot()
    yield root
    root.close()


@pytest.fixture(scope="module")
def files_before(clean):
    return clean.files()


@pytest.fixture(scope="module")
def root(clean, files_before):
    clean.install(packages("aloha"), packages("aloha-farm"))
    return clean


@pytest.fixture(scope="module")
def site(root):
    """A balancer, two Exchange servers at 10.99.0.2 and .3, and a client, each a machine of its own."""
    with Network("balancer", "servers", "client") as network:
        network.servers.ip("addr add 10.99.0.12/24 dev eth0\naddr add 10.99.0.13/24 dev eth0")
        farm = process.spawn(network.servers.command(root.command(
            "aloha-farm", "--address", "10.99.0.12", "--port-offset", 0, "--hub", 0)), stdout=subprocess.PIPE)
        assert farm.stdout.readline(), "the farm listens"
        yield network
        process.stop(farm)
        farm.stdout.close()


def owner_of(root, path):
    return root.run("stat", "--format=%U:%G %04a", path).stdout.strip()


@pytest.mark.parametrize("path, owner", [
    (SYSTEM, "root:aloha-exec 0750"), (KEYS, "aloha-keys:aloha-exec 4750"), (CONFIGURATION, "root:root 0644"),
    ("/etc/aloha", "root:root 0755"), ("/var/lib/aloha", "aloha:aloha 0750"),
    ("/var/lib/aloha/keys", "aloha-keys:aloha-keys 0700"), ("/usr/sbin/aloha-supervisor", "root:root 0755")])
def test_owners_and_modes(root, path, owner):
    assert owner_of(root, path) == owner


def test_one_file_has_capabilities_and_one_is_setuid(root):
    capable = root.run("getcap", "-r", "/usr").stdout.split("\n")
    assert [c for c in capable if "aloha" in c] == [f"{SYSTEM} cap_net_bind_service,cap_net_admin,cap_net_raw=p"]
    ours = [root.path / p.lstrip("/") for p in root.run("dpkg", "--listfiles", "aloha").stdout.split()]
    setuid = [p for p in ours if not p.is_symlink() and p.is_file() and p.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]
    assert setuid == [root.path / KEYS.lstrip("/")]


def test_users(root):
    for user in USERS:
        assert root.run("getent", "passwd", user).stdout.strip().endswith("nologin"), user
    assert root.run("getent", "group", "aloha-exec").stdout.strip().endswith(":aloha"), "no person is in it"
    assert set(root.run("getent", "group", "aloha-admin").stdout.strip().split(":")[3].split(",")) == {"aloha", "aloha-dhcp"}


def test_nothing_starts_unless_an_administrator_says_so(root):
    for unit in ("aloha", "aloha-dhcp", "aloha-console"):
        assert root.run("systemctl", "is-enabled", f"{unit}.service", check=False).stdout.strip() == "disabled"


def test_commands_are_documented_and_completed(root):
    for path in ("man/man1/alohactl.1.gz", "man/man8/aloha-supervisor.8.gz", "man/man1/aloha-farm.1.gz",
                 "bash-completion/completions/alohactl", "zsh/vendor-completions/_alohactl", "aloha/wui/index.html",
                 "aloha/wui/guide/index.html"):
        assert (root.path / "usr/share" / path).stat().st_size > 100, path


def test_exposure_of_the_unit(root):
    """systemd-analyze security: what options can do that leave file capabilities and setuid alone; see aloha.service."""
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--root={root.path}", "aloha.service"],
                            capture_output=True, text=True, check=False)
    figure = re.search(r"exposure level for aloha\.service: ([0-9.]+)", result.stdout)
    assert figure, result.stdout + result.stderr
    print(figure[0])
    assert float(figure[1]) <= 6.5, result.stdout


class Service:
    """What aloha.service would start, and alohactl by root."""

    def __init__(self, root, machine):
        self.root, self.machine, self.process = root, machine, None
        self.log = open(root.path / "root/log", "a")

    def start(self):
        self.process = process.spawn(self.machine.command(self.root.command("aloha-supervisor", as_unit=True)),
                                     stdout=self.log, stderr=self.log)
        until(lambda: self.ctl("worker", "list").returncode == 0, 30, "the supervisor answers", interval=0.2)

    def ctl(self, *words):
        return subprocess.run([str(w) for w in self.root.command("alohactl", *words)], capture_output=True, text=True, check=False)

    def stop(self):
        process.stop(self.process, patience=60)


def written(root):
    """The file of the package, with the two servers named, as the guide tells."""
    file = root.path / CONFIGURATION.lstrip("/")
    text = file.read_text()
    for number in (1, 2):
        text = re.sub(rf'# (cas_server {{ name: "CAS{number}" address: )"[0-9.]+"', rf'\1"10.99.0.1{number + 1}"', text)
    text = text.replace("imap { mode: DISABLED }", "imap { mode: CLEAR_AND_SSL_OFFLOAD }").replace("rpc { enabled: true }", "")
    file.write_text(text)
    return text


@pytest.fixture(scope="module")
def service(root, site):
    written(root)
    root.run("aloha-supervisor", "--config", CONFIGURATION, "--check")
    running = Service(root, site.balancer)
    running.start()
    yield running
    running.stop()
    running.log.close()


def answers(site, ask, port):
    return site.client.inside(lambda: {ask(port, address=site.balancer.v4) for _ in range(8)})


def test_first_chapter_ends_with_balanced_https_and_imap(service, site):
    until(lambda: service.ctl("status").returncode == 0, 30, "mail is served", interval=0.2)
    assert answers(site, clients.https, 443) == {"CAS1", "CAS2"}
    assert answers(site, clients.imap, 143) == {"CAS1", "CAS2"}
    with site.client.inside(lambda: clients.Line(993, address=site.balancer.v4, tls=True)) as line:
        assert "CAS" in line.read()


def test_every_process_is_confined_as_declared(service):
    result = service.ctl("worker", "list", "--verify")
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr


def test_private_keys_are_read_by_one_user(service, root):
    keys = list((root.path / "var/lib/aloha/keys").iterdir())
    assert keys and {owner_of(root, f"/var/lib/aloha/keys/{k.name}") for k in keys} == {"aloha-keys:aloha 0600"}


def next_version(folder):
    """The same package, as version 99."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", packages("aloha"), tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", "Version: 99", control.read_text()))
    package = folder / "aloha_99_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, package], check=True, capture_output=True)
    return package


def test_upgrade_refuses_no_connection_and_keeps_what_was_written(service, root, site, folder):
    text = (root.path / CONFIGURATION.lstrip("/")).read_text()
    root.run("dpkg-statoverride", "--update", "--add", "root", "aloha", "0640", CONFIGURATION)

    def connect():
        return site.client.inside(lambda: clients.imap(143, address=site.balancer.v4))
    with site.client.inside(lambda: clients.Line(143, address=site.balancer.v4)) as session, Load(connect, rate=20) as load:
        assert "CAS" in session.read()
        root.install(next_version(folder))
        # What the postinst has systemd do.
        process.kill(service.process.pid)
        service.process.wait(5)
        service.start()
        until(lambda: service.ctl("status").returncode == 0, 30, "mail is served", interval=0.2)
        assert session.ask("a NOOP", until="a ").startswith("a OK")
        assert answers(site, clients.imap, 143) == {"CAS1", "CAS2"}
        assert answers(site, clients.https, 443) == {"CAS1", "CAS2"}
    assert load.done > 20 and load.errors == []
    assert service.ctl("worker", "list", "--verify").returncode == 0
    workers = json.loads(service.ctl("-o", "json", "worker", "list").stdout)["workers"]
    running = [os.readlink(f"/proc/{worker['pid']}/exe") for worker in workers if worker.get("pid")]
    assert len(running) > 6 and not [binary for binary in running if binary.endswith("(deleted)")], "all are of the new version"
    assert (root.path / CONFIGURATION.lstrip("/")).read_text() == text
    assert owner_of(root, CONFIGURATION) == "root:aloha 0640", "an administrator's choice"
    assert owner_of(root, KEYS) == "aloha-keys:aloha-exec 4750"
    assert "cap_net_raw=p" in root.run("getcap", SYSTEM).stdout


def test_remove_keeps_the_administrators_files_and_purge_leaves_nothing(service, root, files_before):
    service.stop()
    root.run("dpkg-statoverride", "--remove", CONFIGURATION)
    root.run("apt-get", "remove", "--yes", "aloha", "aloha-farm")
    assert (root.path / CONFIGURATION.lstrip("/")).exists() and (root.path / "var/lib/aloha/keys").exists()
    root.run("apt-get", "purge", "--yes", "aloha", "aloha-farm")
    assert "aloha" not in root.run("dpkg-statoverride", "--list", check=False).stdout
    left = {f for f in root.files() - files_before if "aloha" in f}
    assert left == set()
    for kind, names in (("passwd", USERS), ("group", GROUPS)):
        for name in names:
            assert root.run("getent", kind, name, check=False).returncode == 2, name
