"""Real nginx servers on loopback addresses, in private folders. No system service is started or read."""
import gzip
import os
import pathlib
import signal

import process
import web
from wait import until

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4000; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  large_client_header_buffers 4 64k;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  types {{ text/plain txt; }}
  gzip on;
  gzip_types text/plain;
  gzip_min_length 1;
  server {{
    listen {address}:{port};
    root {folder}/files;
    add_header X-FEServer {name} always;
    location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
    location /post {{ return 200 "$request_method $http_content_type"; }}
    location /chunks {{ sub_filter 'xyz' 'abc'; sub_filter_types *; sub_filter_once off; }}
  }}
}}
"""


class Nginx:
    """One server with generated files: 1k, 10m (binary), text.txt (gzip), chunks (no length)."""

    def __init__(self, name, address, port, folder):
        self.name, self.address, self.port = name, address, port
        self.folder = pathlib.Path(folder) / name
        files = self.folder / "files"
        files.mkdir(parents=True)
        (files / "1k").write_bytes(web.pattern(1024))
        os.utime(files / "1k", (1_700_000_000, 1_700_000_000))  # the same on every server
        (files / "10m").write_bytes(web.pattern(10 << 20))
        (files / "text.txt").write_bytes(TEXT)
        (files / "chunks").write_bytes(b"xyz" * 10_000)
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(
            name=name, address=address, port=port, folder=self.folder))
        self.folder.chmod(0o755)
        self.process = process.spawn(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                     stderr=open(self.folder / "stderr", "w"))
        until(lambda: web.get(port, "/1k", address=address).status == 200, 10, f"{name} serves")

    def stored(self, path):
        """What a PUT left."""
        return (self.folder / "files" / path).read_bytes()

    def stop(self):
        process.stop(self.process, (signal.SIGTERM, signal.SIGKILL))


TEXT = b"".join(b"line %d of a text that compresses well\n" % i for i in range(20_000))


def unzipped(data):
    return gzip.decompress(data)
