"""Do real web servers and real clients get along through the balancer? nginx behind it; curl, wrk and h2load before it."""
import concurrent.futures
import hashlib
import re
import subprocess

import ports
import pytest
import web
from front import KIND, Front
from web_servers import TEXT, Nginx, unzipped


class Site:
    def __init__(self, folder, start):
        port = ports.free_port()
        self.servers = [Nginx(f"web{i}", f"127.0.0.{i + 1}", port, folder) for i in (1, 2)]
        self.front = Front(folder, start, [(s.name, s.address, s.port) for s in self.servers])
        self.url = f"http://{self.front.address}:{self.front.port}"
        self.folder = folder

    def curl(self, path, *options, **keywords):
        """curl; body and status."""
        out = self.folder / "curl.out"
        out.unlink(missing_ok=True)
        done = subprocess.run(["curl", "-sS", "--max-time", "60", "-o", out, "-w", "%{http_code} %{num_connects}", *options,
                               self.url + path], capture_output=True, text=True, timeout=90, **keywords)
        assert done.returncode == 0, done.stderr
        return (out.read_bytes() if out.exists() else b""), int(done.stdout.split()[0])

    def stop(self):
        self.front.stop()
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="module")
def site(module_folder, start_module_aloha):
    site = Site(module_folder, start_module_aloha)
    yield site
    site.stop()


def test_get_and_head(site):
    assert site.curl("/1k") == (web.pattern(1024), 200)
    assert site.curl("/10m") == (web.pattern(10 << 20), 200)
    assert site.curl("/none")[1] == 404
    _, status = site.curl("/10m", "--head")
    assert status == 200


def test_both_servers_answer(site):
    if KIND == "none":
        pytest.skip("about the balancer")
    assert {web.get(site.front.port, "/1k", address=site.front.address).server for _ in range(8)} == {"web1", "web2"}


@pytest.mark.parametrize("options", [
    [], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"], ["--http1.0"],
    ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"]], ids=" ".join)
def test_put(site, options):
    data = site.folder / "data"
    data.write_bytes(web.pattern(3_000_001))
    name = "put-" + hashlib.sha256(" ".join(options).encode()).hexdigest()[:8]
    _, status = site.curl("/" + name, "-T", data, *options)
    assert status in (201, 204)
    stored = [s for s in site.servers if (s.folder / "files" / name).exists()]
    assert len(stored) == 1 and stored[0].stored(name) == web.pattern(3_000_001)


def test_post(site):
    body, status = site.curl("/post", "--data", "a=b", "-H", "Content-Type: text/x-own")
    assert (body, status) == (b"POST text/x-own", 200)
    body, status = site.curl("/post", "-F", "file=@" + str(site.servers[0].folder / "files/10m"))
    assert status == 200 and body.startswith(b"POST multipart/form-data")


def test_ranges(site):
    whole = web.pattern(10 << 20)
    assert site.curl("/10m", "-r", "1000-1999") == (whole[1000:2000], 206)
    assert site.curl("/10m", "-r", "-500") == (whole[-500:], 206)
    body, status = site.curl("/10m", "-r", "0-9,100-109")
    assert status == 206 and whole[100:110] in body
    assert site.curl("/10m", "-r", "99999999-")[1] == 416


def test_gzip_and_chunks_are_untouched(site):
    body, status = site.curl("/text.txt", "-H", "Accept-Encoding: gzip")
    assert status == 200 and len(body) < len(TEXT) / 4 and unzipped(body) == TEXT
    assert site.curl("/text.txt", "--compressed") == (TEXT, 200)
    assert site.curl("/chunks") == (b"abc" * 10_000, 200)


def test_conditional_requests(site):
    etag = web.get(site.front.port, "/1k", address=site.front.address)["Last-Modified"]
    for _ in range(3):
        assert site.curl("/1k", "-H", f"If-Modified-Since: {etag}") == (b"", 304)


def test_curl_reuses_its_connection(site):
    done = subprocess.run(["curl", "-sS", "-w", "%{num_connects} ", *["-o", "/dev/null"] * 10, *[f"{site.url}/1k"] * 10],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1"] + ["0"] * 9, done.stderr


def test_many_curls_at_once(site):
    def one(number):
        done = subprocess.run(["curl", "-sS", "--max-time", "60", f"{site.url}/10m"], capture_output=True, timeout=90)
        return hashlib.sha256(done.stdout).hexdigest()
    expected = hashlib.sha256(web.pattern(10 << 20)).hexdigest()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(24))) == {expected}


@pytest.mark.parametrize("path", ["/1k", "/text.txt", "/chunks"])
def test_wrk(site, path):
    done = subprocess.run(["wrk", "-t1", "-c50", "-d2s", "--timeout", "10s", site.url + path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 50, done.stdout


@pytest.mark.parametrize("options", [["-m1"], ["-m10"]], ids=["one by one", "pipelined"])
def test_h2load(site, options):
    done = subprocess.run(["h2load", "--h1", "-n4000", "-c20", *options, f"{site.url}/1k"], capture_output=True, text=True,
                          timeout=60)
    assert "4000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout + done.stderr
    assert re.search(r"status codes: 4000 2xx", done.stdout), done.stdout
