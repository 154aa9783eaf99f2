"""Requests from wrk, answered by nginx with files."""
import re
import subprocess
import sys

from measure import LOAD_CORE, cpu_seconds, free_ports, spawn, wait_for

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


def start_nginx(folder):
    """Serves /1k and /16k; the process and its port."""
    folder.chmod(0o755)
    (folder / "files").mkdir()
    for name, size in (("1k", 1 << 10), ("16k", 16 << 10)):
        (folder / "files" / name).write_bytes(b"x" * size)
    port, = free_ports(1)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    nginx = spawn(["nginx", "-p", folder, "-c", folder / "nginx.conf"], LOAD_CORE, stderr=subprocess.DEVNULL)
    wait_for(port, nginx)
    return nginx, port


def per_request(balancer, url, seconds, *options, env=None):
    """CPU time of a request in µs."""
    pids = balancer.pids()
    before = cpu_seconds(pids)
    wrk = spawn(["wrk", "-t1", "-c64", f"-d{seconds}s", *options, url], LOAD_CORE, env=env, stdout=subprocess.PIPE,
                text=True)
    report = wrk.communicate(timeout=seconds + 60)[0]
    cost = cpu_seconds(pids) - before
    requests = int(re.search(r"(\d+) requests in", report)[1])
    if "Socket errors" in report or "Non-2xx" in report or requests == 0:
        sys.exit(f"{balancer.name}: {report}")
    return cost * 1e6 / requests
