"""Do the metrics say what happens, whatever happens to the processes? Read by Prometheus' own Python library."""
import socket
import time

import clients
import config
import metric_names
import ports
import process
import pytest
import web
from load import Load
from prometheus_client.parser import text_string_to_metric_families
from wait import until


def metrics_area(port, extra=""):
    return f"management {{ metrics {{ enabled: true port: {port} {extra} }} }}\n"


@pytest.fixture
def running(farm, start_aloha):
    """An IMAP and an HTTP service, and metrics."""
    imap, http, metrics = ports.free_port(), ports.free_port(), ports.free_port()
    services = config.of_farm(farm, "imap", "mail", imap) + config.http_of_farm(farm, "web", http)
    aloha = start_aloha(services + metrics_area(metrics), arguments=("--user", "nobody"))
    aloha.farm, aloha.imap, aloha.http, aloha.metrics, aloha.services = farm, imap, http, metrics, services
    until(lambda: ask(metrics, "/healthz").status == 200, what="aloha-wui listens")
    return aloha


def ask(port, path, method="GET"):
    """ConnectionRefusedError, or web.Cut, when nobody answers."""
    with web.Connection(port) as client:
        return client.get(path, method=method)


class Scrape:
    """One scrape, read strictly: {(name, labels): value}."""

    def __init__(self, port):
        response = ask(port, "/metrics")
        assert response.status == 200, response.text
        assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        metric_names.assert_documented(response.text)
        self.types = {}
        self.samples = {}
        for family in text_string_to_metric_families(response.body.decode()):
            assert family.name.startswith("aloha_") and family.documentation, family
            assert family.type in ("counter", "gauge", "histogram"), family
            assert family.name not in self.types, f"{family.name} stands twice"
            self.types[family.name] = family.type
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, key
                self.samples[key] = sample.value

    def __call__(self, name, **labels):
        return self.samples[(name, frozenset(labels.items()))]

    def names(self):
        return {name for name, _ in self.samples}


def test_numbers_are_those_of_the_traffic(running):
    for _ in range(4):
        clients.imap(running.imap)
    for _ in range(10):
        assert web.get(running.http, "/owa/healthcheck.htm").status == 200
    with web.Connection(running.http) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.read().status == 400

    def seen():
        scrape = Scrape(running.metrics)
        done = scrape("aloha_virtual_service_http_requests_total", virtual_service="web") >= 10
        return scrape if done and scrape("aloha_virtual_service_current_sessions", virtual_service="mail") == 0 else None
    scrape = until(seen, what="requests are counted")
    assert scrape("aloha_virtual_service_sessions_total", virtual_service="mail") == 4
    assert scrape("aloha_virtual_service_sent_bytes_total", virtual_service="mail") > 100
    by_server = [scrape("aloha_server_sessions_total", virtual_service="mail", server=s) for s in ("CAS1", "CAS2")]
    assert by_server == [2, 2]
    assert scrape("aloha_virtual_service_http_responses_total", virtual_service="web", code="2xx") == 10
    assert scrape("aloha_virtual_service_http_responses_total", virtual_service="web", code="4xx") == 1
    assert scrape("aloha_virtual_service_http_bad_requests_total", virtual_service="web") == 1
    assert scrape("aloha_virtual_service_http_own_responses_total", virtual_service="web") == 1
    times = "aloha_virtual_service_http_response_time_seconds"
    assert scrape.types[times] == "histogram"
    buckets = sorted((float(dict(labels)["le"]), value) for (name, labels), value in scrape.samples.items()
                     if name == times + "_bucket")
    assert [value for _, value in buckets] == sorted(value for _, value in buckets), "cumulative"
    assert buckets[-1][1] == scrape(times + "_count", virtual_service="web") >= 10
    assert 0 < scrape(times + "_sum", virtual_service="web") < 60
    assert scrape("aloha_build_info", version=running.ctl("system", "info")["version"]) == 1


def test_states_of_servers(running):
    running.farm("down CAS1 imap")
    running.wait_check("mail", "CAS1", "DOWN")
    running.ctl("server", "drain", "web/CAS2")
    scrape = Scrape(running.metrics)
    assert scrape("aloha_server_up", virtual_service="mail", server="CAS1") == 0
    assert scrape("aloha_server_up", virtual_service="mail", server="CAS2") == 1
    assert scrape("aloha_server_check_state", virtual_service="mail", server="CAS1", state="DOWN") == 1
    assert scrape("aloha_server_admin_state", virtual_service="web", server="CAS2", state="DRAIN") == 1


def test_scrapes_do_not_disturb_traffic_or_confinement(running):
    last = 0
    with Load(lambda: clients.imap(running.imap)) as load, Load(lambda: web.get(running.http, "/owa/")) as more:
        for _ in range(40):
            scrape = Scrape(running.metrics)
            total = scrape("aloha_virtual_service_sessions_total", virtual_service="mail")
            assert total >= last
            last = total
            time.sleep(0.05)
    assert load.errors == [] and more.errors == [] and last > 20
    workers = running.workers()
    assert set(workers) == {"supervisor", "system", "keys", "health", "proxy", "wui"}
    for name, worker in workers.items():
        assert scrape("aloha_worker_up", worker=name) == 1
        assert scrape("aloha_worker_confined", worker=name) == worker.get("confined", False)
        assert scrape("aloha_worker_memory_bytes", worker=name) > 100_000
    assert "Stats/GetStats" not in running.log.read_text(), "scrapes fill the log"


def test_only_what_is_meant_is_answered(running):
    head = ask(running.metrics, "/metrics", method="HEAD")
    assert head.status == 200 and int(head["Content-Length"]) > 1000 and head.body == b""
    assert ask(running.metrics, "/").status == 404
    assert ask(running.metrics, "/metrics/x").status == 404
    with web.Connection(running.metrics) as client:
        assert client.get("/metrics", method="POST", body=b"x").status == 404


def test_a_killed_supervisor_comes_back_to_the_same_process(running):
    before = running.worker_pids()["wui"]
    running.kill()
    until(lambda: ask(running.metrics, "/metrics").status == 503, what="no supervisor answers")
    assert ask(running.metrics, "/healthz").status == 200
    running.start()
    until(lambda: ask(running.metrics, "/metrics").status == 200, what="metrics after adoption")
    assert running.worker_pids()["wui"] == before
    assert Scrape(running.metrics)("aloha_worker_up", worker="wui") == 1


def test_a_killed_wui_is_replaced_and_no_scrape_is_refused(running):
    clients.imap(running.imap)
    before = running.worker_pids()["wui"]
    process.kill(before)
    scrape = Scrape(running.metrics)  # waits in the listener's queue
    assert scrape("aloha_virtual_service_sessions_total", virtual_service="mail") == 1
    until(lambda: running.worker_pids().get("wui") not in (None, before), what="another aloha-wui")
    assert Scrape(running.metrics)("aloha_worker_restarts_total", worker="wui") == 1


def test_restarts_refuse_no_scrape(running):
    for command in (("worker", "restart", "wui"), ("service", "restart", "system")):
        before = running.worker_pids()["wui"]
        running.ctl(*command)
        assert running.worker_pids()["wui"] != before, command
        assert Scrape(running.metrics)("aloha_worker_up", worker="wui") == 1
    assert Scrape(running.metrics)("aloha_worker_restarts_total", worker="wui") == 0


def test_garbage_and_silence_do_no_harm(running):
    pid = running.worker_pids()["wui"]
    silent = [socket.create_connection(("127.0.0.1", running.metrics)) for _ in range(40)]
    for garbage in (b"\0" * 3000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET /" + b"a" * 9000,
                    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500, b"GET / HTTP/1.1\r\nA: " + b"b" * 100_000,
                    b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"c" * 100_000):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", running.metrics)) as client, \
                    pytest.raises(OSError), client.makefile("rb") as answer:
                client.sendall(garbage)
                client.shutdown(socket.SHUT_WR)
                if not answer.read().startswith(b"HTTP/1.1 200"):
                    raise OSError("closed or refused")
    assert Scrape(running.metrics)("aloha_worker_up", worker="wui") == 1
    assert running.worker_pids()["wui"] == pid
    for client in silent:
        client.close()


def test_stopped_traffic_leaves_the_metrics_of_processes(running):
    running.ctl("service", "stop", "haproxy", "--now")
    scrape = Scrape(running.metrics)
    assert scrape("aloha_worker_up", worker="proxy") == 0
    assert not {name for name in scrape.names() if "virtual_service" in name}
    assert running.service("system")["state"] == "OK"
    running.ctl("service", "start", "haproxy")
    running.wait_serving()
    assert Scrape(running.metrics)("aloha_virtual_service_current_sessions", virtual_service="mail") == 0


def test_it_runs_only_where_it_is_asked_for(running):
    assert "wui" in running.service("system")["workers"]
    running.apply(running.services)
    with pytest.raises(ConnectionRefusedError):
        ask(running.metrics, "/healthz")
    until(lambda: "wui" not in running.worker_pids(), what="aloha-wui ends")
    assert running.service("system")["state"] == "OK" and "wui" not in running.service("system")["workers"]
    other = ports.free_port()
    step, = running.apply(running.services + metrics_area(other))["steps"]
    assert f"127.0.0.1:{other} opens" in step["text"]
    until(lambda: answers(other), what="aloha-wui on another port")
    running.apply(running.services + metrics_area(other, 'allow_from: "192.0.2.0/24"'))
    assert not answers(other)
    running.apply(running.services + metrics_area(running.metrics))
    until(lambda: answers(running.metrics), what="aloha-wui on the first port again")


def answers(port):
    try:
        return ask(port, "/healthz").status == 200
    except OSError:
        return False
