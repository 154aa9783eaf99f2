"""Accounts, sessions, tokens and roles by the management API, as aloha-wui and aloha-gateway call it; restarts, a file that is
broken, a folder that cannot be written."""
import re
import subprocess
import time

import pytest
from accounts import FIRST, GOOD, OTHER, add_user, browser, code, first_sign_in, sign_in
from api import Api, Failed, methods, refusal, streams
from console import Console
from wait import until

CONFIG = 'version_note: "users"\n'
# What everybody may do with an account, for that account.
OWN = {"Users/SignIn", "Users/SignOut", "Users/GetCaller", "Users/SetPassword", "Users/RevokeSignIn",
       "Users/BeginSecondFactor", "Users/ConfirmSecondFactor", "Users/RemoveSecondFactor"}
READS = re.compile(r".*/(Get|List|Watch|Validate|Plan|Diff)")


@pytest.fixture(scope="module")
def aloha(make_module_aloha):
    """One supervisor whose admin has a password, GOOD."""
    node = make_module_aloha(CONFIG).start()
    first_sign_in(node).close()
    return node


@pytest.fixture
def admin(aloha):
    with_session = sign_in(aloha, "admin", GOOD)
    yield with_session
    with_session.close()


def events(api, subject):
    return api.call("Events/ListEvents", pageSize=1000, subject=subject).get("events", [])


def ends_with(stream, expected, within=10):
    """The stream ends with that code."""
    began = time.monotonic()
    with pytest.raises(Failed) as failed:
        for _ in stream:
            assert time.monotonic() - began < within, "the stream goes on"
    assert failed.value.code == expected, failed.value
    assert time.monotonic() - began < within


def test_the_first_password(make_aloha):
    node = make_aloha(CONFIG).start()
    near, far = browser(node), browser(node, address="198.51.100.7")
    assert near.call("Users/GetCaller") == {"language": "en", "firstSignIn": True}
    assert far.call("Users/GetCaller") == {"language": "en"}
    assert refusal(far, "Users/SignIn", user="admin", password=FIRST, newPassword=GOOD) == "PERMISSION_DENIED"
    assert refusal(far, "Users/SignIn", user="admin", password="guess") == "UNAUTHENTICATED"
    assert near.call("Users/SignIn", user="admin", password=FIRST) == {"missing": "NEW_PASSWORD"}
    assert "aloha-session" not in near.trailing
    for weak in ("short", "adminadminadmin", "Password2024!", "x" * 257):
        with pytest.raises(Failed) as failed:
            near.call("Users/SignIn", user="admin", password=FIRST, newPassword=weak)
        assert failed.value.code == "INVALID_ARGUMENT"
        assert failed.value.detail["violations"][0]["path"] == "new_password"
    answer = near.call("Users/SignIn", user="admin", password=FIRST, newPassword=GOOD)
    assert answer["caller"]["name"] == "admin" and answer["caller"]["role"] == "ADMIN" and answer["caller"]["account"]
    assert int(near.trailing["aloha-session-max-age"]) == 12 * 3600
    assert refusal(near, "Users/SignIn", user="admin", password=FIRST) == "UNAUTHENTICATED"
    state = (node.state / "users.textproto")
    assert state.stat().st_mode & 0o777 == 0o600 and GOOD not in state.read_text()
    # Broken, it lets nobody in, also after another start, until the console says so.
    session = near.trailing["aloha-session"]
    assert browser(node, session).call("Users/GetCaller")["name"] == "admin"
    node.kill()
    state.write_text(state.read_text() + "# edited\n")
    for _ in range(2):
        node.start()
        near = browser(node)
        assert refusal(near, "Users/SignIn", user="admin", password=FIRST, newPassword=GOOD) == "UNAUTHENTICATED"
        assert refusal(browser(node, session), "Stats/GetStats") == "UNAUTHENTICATED"
        assert "firstSignIn" not in near.call("Users/GetCaller")
        told = [e for e in events(Api(node), "user") if e["severity"] == "ERROR"]
        assert "alohactl user password admin" in told[0]["text"]
        node.kill()
    node.start()
    assert node.raw("user", "password", "admin", "--password-stdin", input=OTHER + "\n").returncode == 0
    sign_in(node, "admin", OTHER)


def test_sessions(aloha, admin):
    carol = add_user(aloha, "carol", "operator")
    assert admin.call("Users/GetCaller")["name"] == "admin"
    sessions = admin.call("Users/ListSignIns")["signIns"]
    assert {s["user"] for s in sessions} == {"admin", "carol"}
    assert sum(s.get("current", False) for s in sessions) == 1
    assert all(admin.session not in str(s) for s in sessions)
    assert {s["user"] for s in carol.call("Users/ListSignIns")["signIns"]} == {"carol"}
    assert {u["name"] for u in carol.call("Users/ListUsers")["users"]} == {"carol"}
    # A crash of the supervisor ends none, and a stop neither.
    aloha.kill()
    aloha.start()
    assert carol.call("Users/GetCaller")["name"] == "carol"
    aloha.stop()
    aloha.start()
    assert carol.call("Users/GetCaller")["name"] == "carol"
    # A token of an old session is no token of a new one.
    again = browser(aloha, admin.session)
    again.call("Users/SignIn", user="admin", password=GOOD)
    assert again.trailing["aloha-session"] != admin.session
    assert refusal(admin, "Stats/GetStats") == "UNAUTHENTICATED"
    admin = browser(aloha, again.trailing["aloha-session"])
    # Revoked by another: calls and streams end, and the browser is told to forget the cookie.
    [session] = [s for s in admin.call("Users/ListSignIns")["signIns"] if s["user"] == "carol"]
    stream = carol.watch("Events/WatchAll")
    next(stream)
    assert carol.call("Users/GetCaller")["name"] == "carol"
    assert refusal(carol, "Users/RevokeSignIn", id="0123456789abcdef") == "NOT_FOUND"
    aloha.ctl("user", "revoke", session["id"])
    ends_with(stream, "UNAUTHENTICATED")
    with pytest.raises(Failed) as failed:
        carol.call("Stats/GetStats")
    assert failed.value.code == "UNAUTHENTICATED" and failed.value.trailing["aloha-session"] == ""
    assert carol.call("Users/GetCaller") == {"language": "en"}
    # Another role counts at once; the last administrator stays one.
    carol = sign_in(aloha, "carol", GOOD)
    assert refusal(carol, "Configuration/SaveConfig") == "PERMISSION_DENIED"
    admin.call("Users/UpdateUser", name="carol", role="MONITOR")
    assert carol.call("Users/GetCaller")["role"] == "MONITOR"
    assert refusal(admin, "Users/UpdateUser", name="admin", role="MONITOR") == "FAILED_PRECONDITION"
    assert refusal(admin, "Users/DeleteUser", name="admin") == "FAILED_PRECONDITION"
    # One's own password: the old one is asked for, other sessions end.
    other = sign_in(aloha, "carol", GOOD)
    assert refusal(carol, "Users/SetPassword", oldPassword="wrong", newPassword=OTHER) == "PERMISSION_DENIED"
    carol.call("Users/SetPassword", oldPassword=GOOD, newPassword=OTHER)
    assert refusal(other, "Stats/GetStats") == "UNAUTHENTICATED"
    carol.call("Users/SignOut")
    assert carol.trailing["aloha-session"] == ""
    assert refusal(carol, "Stats/GetStats") == "UNAUTHENTICATED"
    aloha.ctl("user", "delete", "carol")
    assert refusal(browser(aloha), "Users/SignIn", user="carol", password=OTHER) == "UNAUTHENTICATED"


def tries(api, name):
    """The code with which a method refuses an empty request; "OK"."""
    try:
        if name in streams():
            next(api.watch(name, timeout=3), None)
        else:
            api.call(name)
    except Failed as failed:
        return failed.code
    return "OK"


def test_roles(aloha, admin):
    """Every method of every service, tried by who may not."""
    nobody, monitor = browser(aloha), add_user(aloha, "mona", "monitor")
    operator = add_user(aloha, "otto", "operator")
    before = admin.call("Configuration/GetConfig")
    pids = aloha.worker_pids()
    for name in methods():
        if name not in ("Users/SignIn", "Users/GetCaller"):
            assert tries(nobody, name) == "UNAUTHENTICATED", name
        if name in OWN:
            continue
        got = tries(monitor, name)
        if READS.match(name):
            assert got not in ("PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED"), (name, got)
        else:
            assert got == "PERMISSION_DENIED", (name, got)
    for name in ("Users/SetPassword", "Users/RemoveSecondFactor"):
        fields = {"newPassword": OTHER} if name.endswith("SetPassword") else {}
        assert refusal(monitor, name, user="admin", **fields) == "PERMISSION_DENIED"
    mine = {s["id"] for s in admin.call("Users/ListSignIns")["signIns"] if s["user"] == "admin"}
    for id in mine:
        assert refusal(monitor, "Users/RevokeSignIn", id=id) == "NOT_FOUND"
    assert admin.call("Configuration/GetConfig") == before and aloha.worker_pids() == pids
    # Who operates changes states, not the configuration nor who may what.
    assert tries(operator, "Services/ReloadService") == "NOT_FOUND"  # the service without a name
    assert operator.call("Services/ReloadService", name="haproxy")["event"]["actor"] == "otto (127.0.0.1)"
    for name in ("Configuration/ApplyConfig", "Users/CreateUser", "Tokens/CreateToken", "System/RebootSystem",
                 "Certificates/ImportCertificate", "HighAvailability/PairNode"):
        assert tries(operator, name) == "PERMISSION_DENIED", name
    # All that was told, bounded: by method, with the address.
    refused = [e for e in events(admin, "audit") if e.get("refused")]
    assert 15 <= len(refused) <= 60, len(refused)
    assert any(e["actor"] == "mona (127.0.0.1)" for e in refused) or any(e["actor"] == "nobody (127.0.0.1)"
                                                                        for e in refused)


def test_tokens(aloha, admin):
    secret = admin.call("Tokens/CreateToken", name="backup", role="OPERATOR",
                        scopes=["Stats/*", "Services/ListServices"], days=2)["secret"]
    assert re.fullmatch(r"aloha_[A-Za-z0-9_-]{43}", secret)
    token = Api(aloha, address="198.51.100.7", token=secret)
    assert token.call("Users/GetCaller")["name"] == "token backup"
    token.call("Stats/GetStats")
    token.call("Services/ListServices")
    for name in ("Events/ListEvents", "Services/StopService", "Events/WatchAll", "Tokens/CreateToken"):
        assert tries(token, name) == "PERMISSION_DENIED", name
    [listed] = admin.call("Tokens/ListTokens")["tokens"]
    assert listed["creator"] == "admin" and listed["lastAddress"] == "198.51.100.7" and listed["lastUsedUs"]
    root = Api(aloha, token=secret)  # whoever may do everything may do less
    assert tries(root, "Events/ListEvents") == "PERMISSION_DENIED" and tries(root, "Stats/GetStats") == "OK"
    for fields, code_ in (({"name": "backup", "role": "MONITOR"}, "ALREADY_EXISTS"),
                          ({"name": "b", "role": "MONITOR", "scopes": ["Nothing/*"]}, "INVALID_ARGUMENT"),
                          ({"name": "b", "role": "MONITOR", "days": 4000}, "INVALID_ARGUMENT"),
                          ({"name": "B", "role": "MONITOR"}, "INVALID_ARGUMENT"), ({"name": "b"}, "INVALID_ARGUMENT")):
        assert refusal(admin, "Tokens/CreateToken", **fields) == code_, fields
    for wrong in ("", "aloha_", secret[:-1], secret[:-1] + ("A" if secret[-1] != "A" else "B"), "x" * 4000):
        if wrong:
            assert refusal(Api(aloha, address="198.51.100.7", token=wrong), "Stats/GetStats") == "UNAUTHENTICATED"
    # By alohactl, over a restart, and revoked while a stream goes on.
    made = aloha.raw("token", "create", "watcher", "--role", "monitor", "--days", 1)
    watcher = Api(aloha, address="127.0.0.1", token=made.stdout.strip())
    assert made.stdout.strip() not in made.stderr
    aloha.kill()
    aloha.start()
    stream = watcher.watch("Events/WatchEvents", {"backlog": 1})
    next(stream)
    assert [t["name"] for t in aloha.ctl("token", "list")["tokens"]] == ["backup", "watcher"]
    aloha.ctl("token", "revoke", "watcher")
    ends_with(stream, "UNAUTHENTICATED")
    for place in (aloha.log, aloha.state / "users.textproto", aloha.state / "events.jsonl"):
        assert secret not in place.read_text() and made.stdout.strip() not in place.read_text(), place


def test_second_factor(aloha, admin):
    assert refusal(admin, "Users/BeginSecondFactor", password="wrong") == "PERMISSION_DENIED"
    secret = admin.call("Users/BeginSecondFactor", password=GOOD)
    assert secret["url"].startswith("otpauth://totp/Aloha%20") and secret["secret"] in secret["url"]
    assert refusal(admin, "Users/ConfirmSecondFactor", code="000000") == "INVALID_ARGUMENT"
    step = int(time.time()) // 30
    admin.call("Users/ConfirmSecondFactor", code=code(secret["secret"], step - 1))
    assert admin.call("Users/GetCaller")["secondFactor"]
    visitor = browser(aloha)
    assert visitor.call("Users/SignIn", user="admin", password=GOOD) == {"missing": "CODE"}
    right = code(secret["secret"], step)
    assert refusal(visitor, "Users/SignIn", user="admin", password="wrong", code=right) == "UNAUTHENTICATED"
    again = sign_in(aloha, "admin", GOOD, code=right)
    assert refusal(visitor, "Users/SignIn", user="admin", password=GOOD, code=right) == "UNAUTHENTICATED"
    assert secret["secret"] not in aloha.log.read_text()
    assert aloha.raw("user", "remove-second-factor", "admin").returncode == 0
    assert "secondFactor" not in again.call("Users/GetCaller")


def test_throttling_tells_when(aloha):
    stranger = browser(aloha, address="203.0.113.5")
    codes = []
    for _ in range(12):
        with pytest.raises(Failed) as failed:
            stranger.call("Users/SignIn", user="admin", password="hunter2hunter2")
        codes.append(failed.value.code)
        if failed.value.code == "RESOURCE_EXHAUSTED":
            assert re.fullmatch(r"try again in \d+ s", failed.value.detail["remedy"])
    assert codes[:5] == ["UNAUTHENTICATED"] * 5 and codes[-1] == "RESOURCE_EXHAUSTED"
    owner = sign_in(aloha, "admin", GOOD)  # from where it always does
    told = [e for e in events(owner, "audit") if "203.0.113.5" in e["actor"]]
    assert any("as admin" in e["text"] for e in told)
    # Names may be passwords: none is told unless it is a user's.
    with pytest.raises(Failed):
        browser(aloha, address="203.0.113.99").call("Users/SignIn", user="correct.horse", password="x")
    texts = aloha.log.read_text() + (aloha.state / "events.jsonl").read_text()
    assert "hunter2" not in texts and "correct.horse" not in texts and GOOD not in texts


def test_everything_live_in_one_stream(aloha, admin):
    kinds, began = set(), time.monotonic()
    wanted = {"stats", "services", "virtualServices", "workers", "configuration", "nodes", "synchronization", "system",
              "event", "log"}
    stream = admin.watch("Events/WatchAll", {"statsIntervalMs": 200, "eventBacklog": 5, "log": {"backlog": 5}})
    for message in stream:
        kinds |= set(message)
        assert time.monotonic() - began < 15, wanted - kinds
        if kinds >= wanted:
            break
    # A change by another is seen at once.
    aloha.ctl("user", "add", "walter", "--role", "monitor", "--password-stdin", input=OTHER + "\n")
    until(lambda: next(stream).get("event", {}).get("object") == "walter", 10, "the event", interval=0)
    aloha.apply(CONFIG + "performance { proxy_threads: 1 }\n")
    until(lambda: next(stream).get("configuration", {}).get("unsavedChanges"), 10, "the configuration", interval=0)
    stream.close()
    assert refusal(browser(aloha), "Stats/GetStats") == "UNAUTHENTICATED"
    ends_with(browser(aloha).watch("Events/WatchAll"), "UNAUTHENTICATED")


def test_a_full_disk_changes_no_account(make_aloha):
    node = make_aloha(CONFIG)
    node.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0777", "tmpfs", node.state], check=True)
    try:
        node.start()
        admin = first_sign_in(node)
        filler = node.state / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        before = (node.state / "users.textproto").read_text()
        with pytest.raises(Failed) as failed:
            admin.call("Users/CreateUser", name="carol", role="MONITOR", password=OTHER)
        assert "users.textproto" in failed.value.text
        assert [u["name"] for u in admin.call("Users/ListUsers")["users"]] == ["admin"]
        assert (node.state / "users.textproto").read_text() == before
        sign_in(node, "admin", GOOD)  # who knows the password comes in all the same
        filler.unlink()
        admin.call("Users/CreateUser", name="carol", role="MONITOR", password=OTHER)
    finally:
        node.stop(patience=1.5)
        subprocess.run(["umount", "-l", node.state], check=True)


def console_password(aloha, first, again):
    """alohactl console --password; the terminal."""
    terminal = Console([aloha.bin / "alohactl", "console", "--password"], {"ALOHA_ENDPOINT": f"unix:{aloha.socket}"})
    for question, text in (("New password of admin: ", first), ("The same again: ", again)):
        terminal.expect(question)
        time.sleep(0.3)  # what is typed before the terminal hides it is thrown away
        terminal.type(text + "\n")
    return terminal


def test_who_holds_the_console_sets_the_password(aloha):
    terminal = console_password(aloha, OTHER, GOOD)
    terminal.expect("not the same")
    assert terminal.end() == 1
    session = sign_in(aloha, "admin", GOOD)
    terminal = console_password(aloha, OTHER, OTHER)
    assert terminal.end() == 0 and OTHER not in terminal.shown
    assert refusal(session, "Stats/GetStats") == "UNAUTHENTICATED"
    sign_in(aloha, "admin", OTHER)
    result = aloha.raw("user", "password", "admin", "--password-stdin", input="admin\n")
    assert result.returncode == 1 and "too short" in result.stderr
    assert aloha.raw("user", "password", "admin", "--password-stdin", input=GOOD + "\n").returncode == 0
