"""TLS in tests: what clients ask for, and a balancer that has certificates."""
import ssl

import config

VERSIONS = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2,
            "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def client(pki, version=None, ciphers=None, alpn=None):
    """A context that trusts the root alone and expects the host name. `version`: that one only; `ciphers`: OpenSSL's list,
    of TLS 1.2 and before."""
    context = ssl.create_default_context(cafile=pki.ca)
    if version:
        if version in ("TLSv1", "TLSv1.1"):
            context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = context.maximum_version = VERSIONS[version]
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def start(make, text, identities=(), anchors=(), **options):
    """Starts a balancer, imports certificates and (name, file) pairs of trust anchors, then applies `text`, which names
    them."""
    aloha = make("", **options).start()
    for identity in identities:
        aloha.ctl("certificate", "import", identity.pem)
    for name, file in anchors:
        aloha.ctl("ca", "import", file, "--name", name)
    aloha.apply(text)
    aloha.wait_serving()
    return aloha


def listener(*certificates, profile=None):
    """Text of a listener where TLS ends."""
    names = " ".join(f'certificate: "{name}"' for name in certificates)
    return f"tls {{ {names} {f'profile: {profile}' if profile else ''} }}"


def https_of_farm(farm, port, *certificates, name="web", profile=None, **options):
    """An HTTP service with TLS towards clients; its servers are the CAS of the farm, in clear."""
    return config.http_of_farm(farm, name, port, listener=listener(*(certificates or ("mail",)), profile=profile), **options)
