"""Two nodes that share an address: VRRP, pairing, synchronization; the browser is on a third machine."""
import browser
import pair
import pytest

SPEC = "nodes"
PORT = 4444


@pytest.fixture(scope="module")
def nodes(module_folder):
    made = pair.Pair(module_folder, pair.service(), own=browser.web(PORT, "0.0.0.0"))
    try:
        yield made.start()
    finally:
        made.stop()


def links(network, isolated):
    """Commands after which the nodes reach each other or not; the browser reaches both."""
    return [["bridge", "-n", network.switch, "link", "set", "dev", machine.port, "isolated", isolated]
            for machine in (network.one, network.two)]


@pytest.fixture(scope="module")
def results(nodes, request):
    request.node.alohas = list(nodes.nodes.values())
    network = nodes.network
    addresses = {"one": network.one.v4, "two": network.two.v4}
    told = {"urls": {name: f"https://{address}:{PORT}" for name, address in addresses.items()}, "addresses": addresses,
            "endpoint": f"unix:{nodes.two.socket}", "apart": links(network, "on"), "together": links(network, "off")}
    return browser.run(SPEC, nodes.one, PORT, address=network.one.v4, machine=network.client, NODES=told)


@pytest.mark.parametrize("check", browser.checks(SPEC))
def test_nodes(results, check):
    results.expect(check)
