"""Does deploy/container run with exactly what its manifest grants?

There is no container engine here: the commands of the Containerfile make the root file system, and namespaces with the
users, capabilities, volumes and read-only root of deployment.yaml are the pod."""
import json
import os
import re
import shutil
import subprocess

import clients
import process
import pytest
import yaml
from debian_root import DebianRoot
from network import Network
from paths import BIN, SOURCE
from test_package import packages
from wait import until

CONTAINER = SOURCE / "deploy/container"
CONTAINERFILE = (CONTAINER / "Containerfile").read_text().replace("\\\n", "")
ENTRYPOINT = json.loads(re.search(r"(?m)^ENTRYPOINT (.*)", CONTAINERFILE)[1])
SERVERS = {"10.0.0.15": "10.99.0.12", "10.0.0.16": "10.99.0.13"}


def manifest(name):
    return yaml.safe_load((CONTAINER / f"{name}.yaml").read_text())


POD = manifest("deployment")["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def image():
    if os.getuid() != 0:
        pytest.skip("needs root, for a root file system of its own")
    root = DebianRoot()
    try:
        last_stage = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM"):]
        for instruction, words in re.findall(r"(?m)^(RUN|COPY) (.*)", last_stage):
            if instruction == "RUN":
                root.run("sh", "-c", words)
            elif words.startswith("--from=build"):
                shutil.copy(packages("aloha"), root.path / "tmp")
            else:
                source, target = words.split()
                shutil.copy(SOURCE / source, root.path / target.lstrip("/"))
        yield root
    finally:
        root.close()


class Pod:
    """Its containers share the network of a machine and the volumes, which are folders, as the kubelet makes them."""

    def __init__(self, image, machine, folder):
        self.image, self.machine, self.folder = image, machine, folder
        for volume in POD["volumes"]:
            (folder / volume["name"]).mkdir(mode=0o777)
            (folder / volume["name"]).chmod(0o777)

    def container(self, name):
        return next(c for c in POD["initContainers"] + POD["containers"] if c["name"] == name)

    def command(self, name, *words):
        """What starts that container, or runs `words` in another like it."""
        container = self.container(name)
        granted = {**POD["securityContext"], **container["securityContext"]}
        assert granted["capabilities"]["drop"] == ["ALL"] and granted["readOnlyRootFilesystem"]
        script = ["mount --make-rprivate /"]
        for mount in container["volumeMounts"]:
            place = f"{self.image.path}{mount['mountPath']}"
            script += [f"mkdir -p {place}", f"mount --bind {self.folder}/{mount['name']} {place}"]
            if mount.get("readOnly"):
                script += [f"mount -o remount,bind,ro {place}"]
        script += [f"mount -t proc proc {self.image.path}/proc", f"mount -o remount,bind,ro {self.image.path}",
                   'exec "$@"']
        bounding = "".join(f",+{c.lower()}" for c in granted["capabilities"].get("add", []))
        user = ["setpriv", f"--reuid={granted['runAsUser']}", f"--regid={granted.get('runAsGroup', 0)}",
                f"--groups={','.join(map(str, granted['supplementalGroups']))}",
                "--inh-caps=-all", f"--bounding-set=-all{bounding}",
                *([] if granted["allowPrivilegeEscalation"] else ["--no-new-privs"])]
        started = words or container.get("command") or [*ENTRYPOINT, *container.get("args", [])]
        namespaces = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
        inside = self.image.command(*user, *started)
        return self.machine.command([*namespaces, "sh", "-ec", "\n".join(script), "sh", *inside])

    def run(self, name, *words):
        return subprocess.run([str(w) for w in self.command(name, *words)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(image):
    with Network("node", "servers", "client") as network:
        for address in SERVERS.values():
            network.servers.ip(f"addr add {address}/24 dev eth0")
        farm = process.spawn(network.servers.command([
            BIN / "aloha-farm", "--address", min(SERVERS.values()), "--port-offset", 0, "--hub", 0]),
                             stdout=subprocess.PIPE)
        assert farm.stdout.readline(), "the farm listens"
        yield network
        process.stop(farm)
        farm.stdout.close()


@pytest.fixture(scope="module")
def pod(image, site, module_folder):
    volumes = module_folder / "volumes"
    volumes.mkdir()
    pod = Pod(image, site.node, volumes)
    documents = yaml.safe_load_all((CONTAINER / "configuration.yaml").read_text())
    for name, content in next(d for d in documents if d["kind"] == "ConfigMap")["data"].items():
        for there, here in SERVERS.items():
            content = content.replace(there, here)
        (volumes / "configuration" / name).write_text(content)
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "9",
            "-subj", "/CN=of the Secret", "-keyout", volumes / "mail/tls.key", "-out", volumes / "mail/tls.crt"]
    subprocess.run(make, check=True, capture_output=True)
    for file in (volumes / "mail").iterdir():
        file.chmod(0o400)
    for _ in range(2):  # a pod's second start finds what the first one left
        prepared = pod.run("prepare")
        assert prepared.returncode == 0, prepared.stderr
    with open(module_folder / "log", "w+") as log:
        running = process.spawn(pod.command("aloha"), stdout=log, stderr=log)
        try:
            until(lambda: pod.run("alohactl", "alohactl", "status").returncode == 0, 60, "mail is served", interval=0.5)
            pod.process = running
            yield pod
        finally:
            process.stop(running)
            log.seek(0)
            print(log.read())


def test_both_manifests_run_the_same(image):
    other = manifest("daemonset")["spec"]["template"]["spec"]
    apart = ("nodeSelector", "volumes")
    assert {k: v for k, v in other.items() if k not in apart} == {k: v for k, v in POD.items() if k not in apart}


def test_https_and_imap_are_balanced_with_the_secrets_certificate(pod, site):
    def ask(what, port):
        return site.client.inside(lambda: {what(port, address=site.node.v4) for _ in range(8)})
    assert ask(clients.https, 443) == {"CAS1", "CAS2"}
    assert ask(clients.imap, 143) == {"CAS1", "CAS2"}
    with site.client.inside(lambda: clients.Line(443, address=site.node.v4, tls=True)) as line:
        assert b"of the Secret" in line.socket.getpeercert(binary_form=True)


def test_probes_are_answered(pod, site):
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = pod.container("aloha")[kind]["httpGet"]

        def status(probe=probe):
            with clients.Line(probe["port"], address=probe["host"], tls=probe["scheme"] == "HTTPS") as line:
                return line.ask(f"GET {probe['path']} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        assert " 200 " in site.node.inside(status)


def test_every_process_is_confined_as_declared(pod):
    result = pod.run("alohactl", "alohactl", "worker", "list", "--verify")
    assert result.returncode == 0, result.stdout + result.stderr


def test_nobody_is_root_or_may_have_more_than_the_manifest_grants(pod):
    inside = [pid for pid in process.descendants(pod.process.pid) if process.comm(pid).startswith("aloha-")]
    assert len(inside) >= 6
    for pid in inside:
        status = process.status(pid)
        assert "0" not in status["Uid"].split() + status["Gid"].split(), (process.comm(pid), status["Uid"])
        names = subprocess.run(["capsh", f"--decode={status['CapBnd']}"], capture_output=True, text=True, check=True).stdout
        granted = {f"cap_{c.lower()}" for c in pod.container("aloha")["securityContext"]["capabilities"]["add"]}
        assert set(names.strip().partition("=")[2].split(",")) == granted


def test_its_own_user_may_not_manage_it(pod):
    assert pod.run("aloha", "alohactl", "status").returncode in (1, 3)


def test_keys_of_the_secret_are_read_by_one_user(pod):
    key = pod.folder / "certificates/mail/tls.key"
    assert (key.stat().st_uid, key.stat().st_mode & 0o777) == (10002, 0o400)


def test_it_ends_in_the_time_that_it_has(pod):
    first = next(pid for pid in process.descendants(pod.process.pid) if process.comm(pid) == "aloha-superviso")
    process.kill(first, 15)
    assert pod.process.wait(POD["terminationGracePeriodSeconds"]) == 0
