"""What stands before the servers in the HTTP tests: the balancer; with ALOHA_BALANCER=haproxy HAProxy, with =none the
first server itself. The latter two show whether a test is right; tests of the balancer's own features skip there."""
import os
import socket
import subprocess

import config
import ports
import process
from wait import until

KIND = os.environ.get("ALOHA_BALANCER", "aloha")

HAPROXY = """
global
  nbthread 1
  maxconn 9000
  tune.bufsize 131072
  tune.http.maxhdr 512
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 30s
  retries 3
  option redispatch
  http-reuse never
{extra}
listen web
  bind 127.0.0.1:{port}
  option forwardfor
  {options}
{servers}
"""


def haproxy(folder, servers, options=""):
    """HAProxy in front of [(name, address, port), …]; the process and its port."""
    port = ports.free_port()
    lines = "\n".join(f"  server {name} {address}:{number}" for name, address, number in servers)
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(port=port, servers=lines, options=options, extra=""))
    started = process.spawn(["haproxy", "-db", "-f", file], stderr=subprocess.STDOUT)
    until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None, what="HAProxy listens")
    return started, port


class Front:
    """`port` on 127.0.0.1 (`address` with KIND none); `aloha`: the Aloha instance, or None."""

    def __init__(self, folder, start_aloha, servers, extra="", check=None):
        self.address, self.aloha, self._process = "127.0.0.1", None, None
        if KIND == "haproxy":
            self._process, self.port = haproxy(folder, servers)
        elif KIND == "none":
            _, self.address, self.port = servers[0]
        else:
            self.port = ports.free_port()
            texts = [config.server(*server) for server in servers]
            self.aloha = start_aloha(config.http_service("web", self.port, texts, check=check, extra=extra))

    def stop(self):
        if self._process is not None:
            process.stop(self._process)


def cas(farm):
    """The servers of a farm as Front wants them."""
    return [(name, *farm.server(name, "http")) for name in farm.servers("CAS")]
