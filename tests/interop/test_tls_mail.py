"""Do real mail servers and real clients get along when TLS ends at the balancer, from the first byte or by STARTTLS?"""
import concurrent.futures
import re
import subprocess

import pytest
import ports
import tls
from dialogues import Dialogues
from mail_site import KINDS, MESSAGE, site  # noqa: F401: a fixture

ROUNDS = 3


def machines():
    return 'listen_address: "127.0.0.1"\n' + "".join(
        f'{kind}_server {{ name: "MAIL{n}" address: "127.0.0.{n + 1}" }}\n' for n in (1, 2) for kind in ("cas", "hub"))


def front_ports():
    """993, 995, 465 and so on: "imap" and "imaps", and "submission" (587)."""
    return {name: ports.free_port() for name in (*KINDS, "imaps", "pop3s", "smtps", "submission")}


@pytest.fixture(scope="module")
def offload(site, pki, make_module_aloha):  # noqa: F811
    front, p = front_ports(), site.ports
    text = machines()
    for kind in ("imap", "pop3"):
        text += (f"{kind} {{ mode: CLEAR_AND_SSL_OFFLOAD virtual_port: {front[kind]} virtual_ssl_port: {front[kind + 's']} "
                 f'server_port: {p[kind]} certificate: "mail" starttls: REQUIRED }}\n')
    text += (f"smtp {{ mode: CLEAR_AND_SSL_OFFLOAD virtual_port: {front['smtp']} virtual_ssl_port: {front['submission']} "
             f"ssl_port_mode: STARTTLS implicit_tls_port: {front['smtps']} server_port: {p['smtp']} "
             'certificate: "mail" starttls: OFFERED }\n')
    aloha = tls.start(make_module_aloha, text, [pki.leaf("mail", "rsa2048")])
    aloha.front = front
    return aloha


@pytest.fixture(scope="module")
def bridge(site, pki, make_module_aloha):  # noqa: F811
    front, p = front_ports(), site.ports
    pem = site.certificate
    text = machines()
    public = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, capture_output=True, check=True).stdout
    pin = subprocess.run(["openssl", "dgst", "-sha256", "-hex"], input=der, capture_output=True, check=True).stdout
    proof = f'verify: PIN pin_sha256: "{re.search(rb"[0-9a-f]{64}", pin)[0].decode()}"'
    for kind in ("imap", "pop3"):
        text += (f"{kind} {{ mode: SSL_BRIDGE virtual_ssl_port: {front[kind + 's']} server_ssl_port: {p[kind + 's']} "
                 f'certificate: "mail" server_tls {{ {proof} }} }}\n')
    # Postfix's clear port offers STARTTLS.
    text += (f"smtp {{ mode: SSL_BRIDGE virtual_ssl_port: {front['submission']} ssl_port_mode: STARTTLS "
             f"implicit_tls_port: {front['smtps']} server_ssl_port: {p['smtp']} "
             f'certificate: "mail" server_tls {{ mode: STARTTLS {proof} }} }}\n')
    aloha = tls.start(make_module_aloha, text, [pki.leaf("mail", "rsa2048")])
    aloha.front = front
    return aloha


def run_all(site, front, wanted):  # noqa: F811
    """Every dialogue of `wanted` (port name, tls), with 10 MB messages, ROUNDS times and several at once; the errors."""
    dialogues = Dialogues(MESSAGE, site.file).all()
    errors = []

    def one(name, function, port, mode):
        seen = []
        try:
            function(front[port], mode, seen.append)
        except Exception as error:  # whatever a client library raises is an outcome
            errors.append(f"{name} on {port}: {type(error).__name__}: {error}")
            return None
        return re.search(r"MAIL\d", " ".join(seen))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(one, name, function, port, mode) for _ in range(ROUNDS)
                for name, (kind, function) in dialogues.items() for port, mode in wanted if port_kind(port) == kind]
        servers = {job.result()[0] for job in jobs if job.result()}
    assert errors == []
    assert servers == {"MAIL1", "MAIL2"}


def port_kind(port):
    return "smtp" if port == "submission" else port.rstrip("s")


def test_tls_from_the_first_byte(site, offload):  # noqa: F811
    run_all(site, offload.front, [("imaps", True), ("pop3s", True), ("smtps", True)])


def test_starttls(site, offload):  # noqa: F811
    run_all(site, offload.front, [("imap", "starttls"), ("pop3", "starttls"), ("smtp", "starttls"), ("submission", "starttls")])


def test_bridged(site, bridge):  # noqa: F811
    run_all(site, bridge.front, [("imaps", True), ("pop3s", True), ("smtps", True), ("submission", "starttls")])
