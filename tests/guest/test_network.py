"""Is the machine's address on a VLAN, and are routes by it, on Debian's kernel? (Its fellow is another network namespace.)"""
import guest
import paths

BINARIES = ["aloha-supervisor", "aloha-system", "aloha-proxy", "aloha-keys", "aloha-health", "alohactl"]
MODULES = ("veth", "8021q")

CONFIG = """
network {
  managed: true interface: "eth0" vlan_id: 12 address: "10.12.0.1" netmask: "255.255.255.0" gateway: "10.12.0.2"
  static_route { network: "10.9.0.0" netmask: "255.255.0.0" router: "10.12.0.2" }
}
"""

# By their paths: BusyBox' shell takes its own programs first.
SCRIPT = """
export PATH={bin}:/bin:/usr/bin ALOHA_ENDPOINT=unix:/tmp/run/supervisor.sock HOME=/tmp
mkdir -p /tmp /run/netns /var && ln -s /run /var/run && cd /tmp
/usr/bin/ip netns add fellow
/usr/bin/ip link add eth0 type veth peer name eth0 netns fellow
/usr/bin/ip -n fellow link set lo up
/usr/bin/ip -n fellow link set eth0 up
/usr/bin/ip -n fellow link add link eth0 name tagged type vlan id 12
/usr/bin/ip -n fellow addr add 10.12.0.2/24 dev tagged
/usr/bin/ip -n fellow addr add 10.9.0.1/16 dev lo
/usr/bin/ip -n fellow link set tagged up
echo '' > boot.textproto
aloha-supervisor --user nobody --config boot.textproto --state-dir /tmp/state --run-dir /tmp/run >log 2>&1 &
for i in $(seq 120); do alohactl status >/dev/null 2>&1; [ $? -lt 2 ] && break; sleep 1; done
alohactl config apply /config || cat log
alohactl config confirm
/usr/bin/ip -d link show eth0.12
/usr/bin/ip route
ping -c 1 -W 10 10.12.0.2 >/dev/null && echo neighbour reached
ping -c 1 -W 10 10.9.0.1 >/dev/null && echo behind the router reached
alohactl network show
alohactl config apply /untagged && alohactl config confirm
/usr/bin/ip link show eth0.12 >/dev/null 2>&1 || echo VLAN gone
"""


def test_addresses_and_routes_of_a_vlan(tmp_path):
    config = tmp_path / "config"
    config.write_text(CONFIG)
    untagged = tmp_path / "untagged"
    untagged.write_text('network { managed: true interface: "eth0" address: "10.13.0.1" netmask: "24" }\n')
    files = [*[paths.BIN / name for name in BINARIES], "/usr/bin/ip", "/etc/passwd", "/etc/group", (config, "/config"),
             (untagged, "/untagged")]
    outcome = guest.run(SCRIPT.replace("{bin}", str(paths.BIN)), files, MODULES, memory_mb=1024)
    assert "vlan protocol 802.1Q id 12" in outcome.output, outcome.output
    assert "default via 10.12.0.2 dev eth0.12" in outcome.output, outcome.output
    assert "10.9.0.0/16 via 10.12.0.2 dev eth0.12" in outcome.output, outcome.output
    assert "neighbour reached" in outcome.output, outcome.output
    assert "behind the router reached" in outcome.output, outcome.output
    assert "VLAN gone" in outcome.output, outcome.output
