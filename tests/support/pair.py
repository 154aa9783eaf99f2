"""Two paired nodes at a switch, and a machine that is both clients and servers."""
import pathlib
import socket
import ssl

import crowd
import process
from aloha import Aloha
from network import Network
from wait import until

ADDRESS = "10.99.0.100"
PORTS = {"s1": 7001, "s2": 7002}  # of the servers; each says its port
SERVICE = 9000  # of clients, on every address of a node
SECURE = 9001

_CONFIG = """
high_availability {{
  role: {role}  virtual_address: "{virtual}/24"  cluster_id: 51  interface: "eth0"
  version: 3  advert_interval: "0.5s"
}}
{shared}
"""


def service(name="mail", port=SERVICE, peer="10.99.0.3", listener="", extra='persistence { source_address {} }'):
    servers = " ".join(f'server {{ name: "{n}" address: "{peer}" port: {p} }}' for n, p in PORTS.items())
    return f"""
virtual_service {{
  name: "{name}"  listener {{ address: "0.0.0.0" port: {port} {listener} }}
  {servers}  {extra}
  health_check {{ tcp {{}} interval: "500ms" timeout: "2s" }}
}}
"""


def text(role, shared):
    return _CONFIG.format(role=role, virtual=ADDRESS, shared=shared)


class Pair:
    """`one` and `two`: supervisors; `client`: the machine. `arguments` of a node by its name; `own`: what each node has
    of its own besides its role."""

    def __init__(self, folder, shared="", arguments=None, own=""):
        self.network = Network("one", "two", "client")
        self.client = self.network.client
        self._servers = crowd.Program(self.client, "serve", self.client.v4, *PORTS.values())
        self.roles = {"one": "MASTER", "two": "BACKUP"}
        self.own = own
        self.nodes = {}
        for name, role in self.roles.items():
            place = pathlib.Path(folder) / name
            place.mkdir()
            place.chmod(0o755)
            # The second begins with nothing of its own, as a fresh node does.
            node = Aloha(place, text(role, own + (shared if name == "one" else "")), machine=self.network[name],
                         arguments=(arguments or {}).get(name, ()))
            self.nodes[name] = node
            setattr(self, name, node)
        self.sources = crowd.clients_network(self.client, [self.network.one, self.network.two])

    def start(self):
        for node in self.nodes.values():
            node.start()
        return self

    def join(self):
        """Pairs them, by one command on each."""
        code = self.one.ctl("vrrp", "pair")["code"]
        self.two.ctl("vrrp", "pair", self.network.one.v4, code)

    def apply(self, name, shared, *flags):
        return self.nodes[name].apply(text(self.roles[name], self.own + shared), *flags)

    @staticmethod
    def sync(node, diff=False):
        """As alohactl shows it."""
        return node.ctl("vrrp", "show", "--diff" if diff else "--sync")

    def wait(self, state="IN_SYNC", timeout=20, nodes=("one", "two")):
        """Until all of them show it."""
        for name in nodes:
            node = self.nodes[name]
            until(lambda node=node: self.sync(node).get("state") == state, timeout, f"{name} {state}", interval=0.05)

    def ask(self, name, first, count):
        """Who answers clients of these numbers on a node: a list of ports."""
        program = crowd.Program(self.client, "ask", self.network[name].v4, SERVICE, self.sources, first, count)
        return program.result(120)

    def secure(self, name, context, session=None):
        """One TLS connection to a node; the socket, which has ended."""
        def connect():
            with socket.create_connection((self.network[name].v4, SECURE), 10) as plain:
                with context.wrap_socket(plain, server_hostname="mail.example.test", session=session) as secure:
                    secure.answer = secure.recv(100).decode().strip()
                    secure.certificate = secure.getpeercert(binary_form=True)
                    secure.kept, secure.reused = secure.session, secure.session_reused
                    return secure
        return self.client.inside(connect)

    def entries(self, name):
        """{client: server} of all tables."""
        listed = self.nodes[name].ctl("persistence", "list").get("entries", [])
        return {e["clientAddress"]: e["server"] for e in listed}

    def gateway(self, name):
        return self.nodes[name].worker_pids()["gateway"]

    def kill(self, name):
        """kill -9 of a node's supervisor and its workers."""
        node = self.nodes[name]
        pids = [node.process.pid, *process.descendants(node.process.pid)]
        for pid in pids:
            process.kill(pid)
        node.process.wait(10)
        until(lambda: not any(process.alive(pid) for pid in pids), 10, f"the end of {name}")

    def stop(self):
        for node in self.nodes.values():
            node.stop()
        self._servers.kill()
        process.end_orphans()
        self.network.close()


def context(pki):
    """TLS 1.2, whose sessions are known when the handshake is done."""
    made = ssl.create_default_context(cafile=pki.ca)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made
