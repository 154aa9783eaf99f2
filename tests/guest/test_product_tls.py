"""Does the whole product hand hot streams of TLS to the kernel, on Debian's kernel, without losing a byte?"""
import pathlib
import re

import guest
import paths

BINARIES = ["aloha-supervisor", "aloha-system", "aloha-proxy", "aloha-tls", "aloha-keys", "aloha-health", "alohactl",
            "aloha-load"]
MEGABYTES = 48
# OpenSSL's legacy provider is loaded by name.
PROVIDER = next(pathlib.Path("/usr/lib").glob("*/ossl-modules/legacy.so"))

CONFIG = """
performance { proxy_threads: 1 }
virtual_service {
  name: "web" protocol: HTTP
  listener { address: "127.0.0.1" port: 443 tls { certificate: "guest" } }
  server { name: "origin" address: "127.0.0.1" port: 8000 }
}
virtual_service {
  name: "sink"
  listener { address: "127.0.0.1" port: 444 tls { certificate: "guest" } }
  server { name: "sink" address: "127.0.0.1" port: 20003 }
}
"""

SCRIPT = f"""
export PATH={{bin}}:/bin:/usr/bin ALOHA_ENDPOINT=unix:/tmp/run/supervisor.sock OPENSSL_CONF=/dev/null HOME=/tmp
mkdir -p /www /tmp && cd /tmp
dd if=/dev/urandom of=/www/file bs=1M count={MEGABYTES} 2>/dev/null
httpd -p 127.0.0.1:8000 -h /www
aloha-load origin 20001 20002 20003 &
echo '' > boot.textproto
aloha-supervisor --config boot.textproto --state-dir /tmp/state --run-dir /tmp/run >log 2>&1 &
for i in $(seq 120); do alohactl status >/dev/null 2>&1; [ $? -lt 2 ] && break; sleep 1; done
alohactl certificate self-signed guest --host guest.example.org && alohactl config apply /config || cat log
for tls in -tls1_3 -tls1_2; do
  printf 'GET /file HTTP/1.0\\r\\nHost: guest\\r\\n\\r\\n' |
    openssl s_client $tls -quiet -ign_eof -connect 127.0.0.1:443 >answer 2>/dev/null
  [ "$(tail -c {MEGABYTES << 20} answer | sha256sum)" = "$(sha256sum </www/file)" ] && echo "$tls whole"
  rm answer
done
aloha-load tls-up 444 {MEGABYTES << 20}
grep -o 'hot streams of TLS.*' log
cat /proc/net/tls_stat
alohactl worker list
"""


def test_hot_streams_go_through_the_kernel(tmp_path):
    config = tmp_path / "config"
    config.write_text(CONFIG)
    files = [paths.BIN / name for name in BINARIES] + [PROVIDER, "/usr/bin/openssl", "/etc/passwd",
                                                       "/etc/group", (config, "/config")]
    outcome = guest.run(SCRIPT.replace("{bin}", str(paths.BIN)), files, guest.TLS_MODULES, memory_mb=2048)
    assert "-tls1_3 whole" in outcome.output, outcome.output
    assert "-tls1_2 whole" in outcome.output, outcome.output
    assert '"errors": 0' in outcome.output, outcome.output
    assert "hot streams of TLS go through the kernel" in outcome.output, outcome.output
    counted = dict(re.findall(r"(Tls\w+)\s+(\d+)", outcome.output))
    assert int(counted["TlsTxSw"]) >= 2, outcome.output  # both downloads
    assert int(counted["TlsRxSw"]) >= 1, outcome.output  # the upload
    assert counted["TlsDecryptError"] == "0", outcome.output
