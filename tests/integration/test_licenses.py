"""What do licences change? What is shown and told; never traffic."""
import shutil
import signal

import clients
import config
import licenses
import ports
import process
import pytest
import web
from aloha import Refused
from wait import until

MACHINE = 'version_note: "nothing to serve"\n'


@pytest.fixture
def issuer(folder):
    place = folder / "issuer"
    place.mkdir()
    return licenses.Issuer(place)


@pytest.fixture
def aloha(issuer, make_aloha):
    return make_aloha(MACHINE, arguments=("--license-keys", issuer.trusted)).start()


def listed(aloha):
    return {one["serial"]: one for one in aloha.ctl("license", "list").get("licenses", [])}


def warnings(aloha):
    events = aloha.ctl("event", "list")["events"]
    return [e["text"] for e in events if e["subject"] == "license" and e["severity"] == "WARNING"]


def licensing(aloha):
    return aloha.ctl("system", "info")["licensing"]


def test_from_an_evaluation_to_a_licence_and_back(aloha, issuer):
    assert licensing(aloha) == "EVALUATION" and listed(aloha) == {}
    assert any("this is an evaluation" in text for text in warnings(aloha))
    file = issuer.issue("A-1", 'Exämple "Ltd"', "--units", 2, "--feature", "exchange", "--feature", "ha",
                        "--expires", licenses.day(365))
    answer = aloha.ctl("license", "add", file)
    assert (answer["event"]["subject"], answer["event"]["object"]) == ("license", "A-1")
    one = listed(aloha)["A-1"]
    assert (one["owner"], one["units"], one["features"]) == ('Exämple "Ltd"', 2, ["exchange", "ha"])
    assert (one["state"], one["issuer"]) == ("VALID", "acme")
    assert licensing(aloha) == "LICENSED"
    # It outlives a crash of the supervisor.
    aloha.kill()
    aloha.start()
    assert listed(aloha)["A-1"] == one and licensing(aloha) == "LICENSED"
    table = aloha.raw("license", "list").stdout
    assert "A-1" in table and "exchange ha" in table and "valid" in table
    aloha.ctl("license", "remove", "A-1")
    assert licensing(aloha) == "EVALUATION" and listed(aloha) == {}
    with pytest.raises(Refused, match="there is no licence"):
        aloha.ctl("license", "remove", "A-1")


def test_several_at_once(aloha, issuer):
    aloha.ctl("license", "add", issuer.issue("A-1", "Example Ltd", "--expires", licenses.day(2)))
    aloha.ctl("license", "add", issuer.issue("B-2", "Example Ltd", "--from", licenses.day(2)))
    assert {s: one["state"] for s, one in listed(aloha).items()} == {"A-1": "VALID", "B-2": "NOT_YET_VALID"}
    assert any("A-1, expires within 7 days" in text for text in warnings(aloha))
    aloha.ctl("license", "add", issuer.issue("C-3"))
    assert listed(aloha)["C-3"]["state"] == "VALID" and listed(aloha)["C-3"].get("expiresS", "0") == "0"


def test_one_for_this_machine_and_one_for_another(aloha, issuer):
    info, asked = aloha.ctl("system", "info"), aloha.ctl("license", "request")
    assert (asked.get("uuid", ""), asked.get("ethid", "")) == (info.get("uuid", ""), info.get("ethid", ""))
    assert aloha.raw("license", "request").stdout == asked["text"]
    assert f"UUID: {info.get('uuid', '')}\nETHID: {info.get('ethid', '')}\n" in asked["text"]
    if info.get("uuid"):
        aloha.ctl("license", "add", issuer.issue("mine", "Example Ltd", "--uuid", info["uuid"]))
        assert licensing(aloha) == "LICENSED"
    with pytest.raises(Refused, match="another machine"):
        aloha.ctl("license", "add", issuer.issue("other", "Example Ltd", "--ethid", "00:00:5e:00:53:01"))


def test_what_is_refused_changes_nothing(aloha, issuer, folder):
    good = issuer.issue().read_text()
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    files = {
        "altered, or is of an issuer": good.replace("units: 1", "units: 9"),
        "its signature is cut off": good[:-40],
        "does not begin as one": "Dear customer,\n" + good,
        "altered, or": licenses.Issuer(elsewhere, "stranger").issue().read_text(),
        "expired on": issuer.issue("old", "Example Ltd", "--from", licenses.day(-9), "--expires", licenses.day(-1)).read_text(),
    }
    for why, text in files.items():
        file = folder / "bad.license"
        file.write_text(text)
        with pytest.raises(Refused, match=why):
            aloha.ctl("license", "add", file)
    (folder / "large.license").write_bytes(b"x" * 20_000)
    assert aloha.raw("license", "add", folder / "large.license").returncode == 1
    assert listed(aloha) == {} and not (aloha.state / "licenses").exists()
    aloha.ctl("license", "add", issuer.issue())


def test_whoever_may_only_read_may_not_add(aloha, issuer, folder):
    token = folder / "token"
    token.write_text(aloha.raw("token", "create", "watcher", "--role", "monitor", "--days", 1).stdout)
    file = issuer.issue()
    assert aloha.raw("--token-file", token, "license", "list").returncode == 0
    refused = aloha.raw("--token-file", token, "license", "add", file)
    assert refused.returncode == 1 and listed(aloha) == {}, refused.stderr
    aloha.ctl("license", "add", file)
    assert aloha.raw("--token-file", token, "license", "remove", "A-1").returncode == 1
    assert "A-1" in listed(aloha)


def test_an_expired_one_warns_and_traffic_goes_on(farm, issuer, make_aloha):
    imap, metrics = ports.free_port(), ports.free_port()
    services = config.of_farm(farm, "imap", "mail", imap)
    management = f"management {{ metrics {{ enabled: true port: {metrics} }} }}\n"
    aloha = make_aloha(services + management, arguments=("--license-keys", issuer.trusted))
    # As time leaves it behind.
    place = aloha.state / "licenses"
    place.mkdir(parents=True)
    shutil.copy(issuer.issue("A-1", "Example Ltd", "--from", licenses.day(-9), "--expires", licenses.day(-2)), place)
    (place / "torn.license").write_text("-----BEGIN ALOHA")
    aloha.start().wait_serving()
    assert listed(aloha)["A-1"]["state"] == "EXPIRED" and licensing(aloha) == "NO_VALID_LICENSE"
    assert any(f"no licence is valid since the end of {licenses.day(-2)}" in text for text in warnings(aloha))
    assert any("torn.license does not count" in text for text in warnings(aloha))
    assert clients.imap(imap) in ("CAS1", "CAS2")

    def sample(state):
        with web.Connection(metrics) as client:
            return f'aloha_license_state{{state="{state}"}} 1\n' in client.get("/metrics").text

    until(lambda: sample("NO_VALID_LICENSE"), what="the metric")
    aloha.ctl("license", "add", issuer.issue("B-2"))
    assert sample("LICENSED") and licensing(aloha) == "LICENSED"
    aloha.ctl("license", "remove", "B-2")
    assert sample("NO_VALID_LICENSE") and clients.imap(imap) in ("CAS1", "CAS2")


def test_without_an_issuer_none_is_missed(issuer, make_aloha, folder):
    aloha = make_aloha(MACHINE, arguments=("--license-keys", folder / "nowhere")).start()
    assert licensing(aloha) == "EVALUATION" and warnings(aloha) == []
    with pytest.raises(Refused, match="no key of an issuer"):
        aloha.ctl("license", "add", issuer.issue())


def test_keys_are_read_again_when_told(aloha, issuer):
    aloha.ctl("license", "add", issuer.issue())
    key = issuer.trusted / "acme.pem"
    key.rename(key.with_suffix(".away"))
    process.kill(aloha.pid(), signal.SIGHUP)
    until(lambda: listed(aloha)["A-1"]["state"] == "UNTRUSTED", what="the key is gone")
    key.with_suffix(".away").rename(key)
    process.kill(aloha.pid(), signal.SIGHUP)
    until(lambda: listed(aloha)["A-1"]["state"] == "VALID", what="the key is back")


def test_issuers_cannot_make_what_machines_would_refuse(issuer):
    for words in (("--serial", "a b"), ("--units", "0"), ("--uuid", "12"), ("--expires", "2027-02-30"), ("--feature", "A"),
                  ("--owner", ""), ("--expires", licenses.day(-1))):
        refused = licenses.run("issue", issuer.key, "--serial", "A-1", "--owner", "Example", *words)
        assert refused.returncode != 0 and not refused.stdout and refused.stderr, words
    again = licenses.run("new-key", "acme", folder=issuer.folder)
    assert again.returncode == 1 and "is there already" in again.stderr
    assert issuer.key.stat().st_mode & 0o777 == 0o600
