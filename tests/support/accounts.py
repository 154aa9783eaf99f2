"""Accounts of the web interface in tests: signing in as aloha-wui would, codes of a second factor."""
import base64
import hashlib
import hmac
import struct
import time

from api import Api

FIRST = "admin"
GOOD = "tin whistle parade"
OTHER = "quiet harbour lantern"
BROWSER = {"address": "127.0.0.1", "user_agent": "test"}


def browser(aloha, session="", address="127.0.0.1"):
    """Somebody before a browser there, with that cookie."""
    metadata = {**BROWSER, "address": address}
    return Api(aloha, **metadata, **({"session": session} if session else {}))


def sign_in(aloha, user, password, address="127.0.0.1", **fields):
    """Signs in; who has the session."""
    visitor = browser(aloha, address=address)
    answer = visitor.call("Users/SignIn", user=user, password=password, **fields)
    token = visitor.trailing["aloha-session"]
    visitor.close()
    assert "missing" not in answer, answer
    somebody = browser(aloha, token, address)
    somebody.session = token
    return somebody


def first_sign_in(aloha, password=GOOD):
    return sign_in(aloha, "admin", FIRST, newPassword=password)


def add_user(aloha, name, role, password=GOOD):
    """A user who has signed in; who has the session. The password was changed to `password`."""
    result = aloha.raw("user", "add", name, "--role", role, "--password-stdin", input=OTHER + "\n")
    assert result.returncode == 0, result.stderr
    return sign_in(aloha, name, OTHER, newPassword=password)


def code(secret, step=None):
    """Six digits of a Base32 secret (RFC 6238), now or at a step."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 if step is None else step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"
