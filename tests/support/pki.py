"""A certificate authority for tests, made by the openssl command: a root, an intermediate that it signed, and whatever
certificates a test wants below it, in every form in which people have them."""
import datetime
import functools
import pathlib
import subprocess

HOST = "mail.example.test"
PASSWORD = "grün & \"quoted\" 'word'"

_KEYS = {"rsa2048": ("RSA", "rsa_keygen_bits:2048"), "rsa3072": ("RSA", "rsa_keygen_bits:3072"),
         "p256": ("EC", "ec_paramgen_curve:P-256"), "p384": ("EC", "ec_paramgen_curve:P-384")}
_CONFIG = """
[ca]
default_ca = ca_default
[ca_default]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
unique_subject = no
policy = any
copy_extensions = copy
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://crl.example.test/ca.crl
[server_only]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[empty]
"""


def openssl(*words, **options):
    """The openssl command; its standard output."""
    result = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, **options)
    assert result.returncode == 0, f"openssl {' '.join(map(str, words))}: {result.stderr}"
    return result.stdout


def _time(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


class Identity:
    """A certificate with its key. `key`: PKCS#8 in clear; `certificate`: alone; `issuers`: PEM texts up to below the
    root."""

    def __init__(self, folder, name, key_type, issuers=()):
        self.folder = folder
        self.name = name
        self.key_type = key_type
        self.key = folder / f"{name}.key"
        self.certificate = folder / f"{name}.crt"
        self.issuers = list(issuers)

    @functools.cached_property
    def pem(self):
        """A file with the key and the chain."""
        return self._write("pem", self.key.read_text(), *self.chain())

    @functools.cached_property
    def fingerprint(self):
        """SHA-256 of the certificate, lower-case hexadecimal."""
        text = openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return text.partition("=")[2].strip().replace(":", "").lower()

    @functools.cached_property
    def pin(self):
        """SHA-256 of the public key, as pin_sha256 has it."""
        public = subprocess.run(["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"],
                                capture_output=True, check=True).stdout
        return subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=public, capture_output=True,
                              check=True).stdout

    def chain(self):
        """PEM texts, the own certificate first."""
        return [self.certificate.read_text(), *self.issuers]

    def pfx(self, password=PASSWORD, legacy=False):
        """PKCS#12: AES-256 and SHA-256, or (legacy) RC2 and 3DES as Windows exported them for long."""
        path = self.folder / f"{self.name}{'-legacy' if legacy else ''}.pfx"
        flags = ["-legacy"] if legacy else []
        openssl("pkcs12", "-export", *flags, "-in", self.pem, "-out", path, "-passout", f"pass:{password}")
        return path

    def forms(self):
        """{what it is: (file, password)}, every form that can be imported."""
        chain = self.chain()
        clear = self.key.read_text()
        kind = "rsa" if self.key_type.startswith("rsa") else "ec"
        traditional = ["-traditional"] if kind == "rsa" else []
        secret = ["-passout", f"pass:{PASSWORD}"]
        old = openssl(kind, "-in", self.key, *traditional)
        old_encrypted = openssl(kind, "-in", self.key, *traditional, "-aes256", *secret)
        encrypted = openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", self.key, *secret)
        return {
            "pfx": (self.pfx(), PASSWORD),
            "pfx-legacy": (self.pfx(legacy=True), PASSWORD),
            "pem": (self.pem, ""),
            "pem-key-last": (self._write("key-last.pem", *chain, clear), ""),
            "pem-chain-reversed": (self._write("reversed.pem", *reversed(chain), clear), ""),
            "pem-crlf-and-text": (self._write("text.pem", "Bag Attributes\r\n  friendlyName: mail\r\n",
                                              *(p.replace("\n", "\r\n") for p in [clear, *chain])), ""),
            f"pem-{kind}": (self._write("old.pem", old, *chain), ""),
            f"pem-{kind}-encrypted": (self._write("old-encrypted.pem", old_encrypted, *chain), PASSWORD),
            "pem-pkcs8-encrypted": (self._write("encrypted.pem", *chain, encrypted), PASSWORD),
        }

    def _write(self, extension, *texts):
        path = self.folder / f"{self.name}.{extension}"
        path.write_bytes("".join(texts).encode())
        return path


class Pki:
    """`folder` must be there; it and everything in it is the caller's to remove."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "index").write_text("")
        self._config = self.folder / "ca.conf"
        self._config.write_text(_CONFIG.format(folder=self.folder))
        self.root = self._make("root", "p256", "Test Root", (), (-1, 3650), None, "authority")
        self.intermediate = self._make("intermediate", "p256", "Test Intermediate", (), (-1, 3650), self.root, "authority")

    @property
    def ca(self):
        """What clients have to trust."""
        return self.root.certificate

    def leaf(self, name="mail", key="rsa2048", hosts=(HOST,), days=(-1, 90), direct=False):
        """Signed by the intermediate, or (direct) by the root. `days`: from and until, counted from now."""
        issuer = self.root if direct else self.intermediate
        return self._make(name, key, hosts[0], hosts, days, issuer, "leaf")

    def client(self, name, subject=None, key="p256", days=(-1, 90), usage="leaf"):
        """A client's, its subject being "CN=subject" (CN=name); `usage`: "server_only" is none for a client."""
        return self._make(name, key, subject or name, (), days, self.intermediate, usage)

    def self_signed(self, name="self", key="p256", hosts=(HOST,), days=(-1, 90)):
        return self._make(name, key, hosts[0], hosts, days, None, "leaf")

    def _make(self, name, key, common_name, hosts, days, issuer, extensions):
        issuers = [] if issuer in (None, getattr(self, "root", None)) else issuer.chain()
        made = Identity(self.folder, name, key, issuers)
        algorithm, parameter = _KEYS[key]
        openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", parameter, "-out", made.key)
        request = self.folder / f"{name}.csr"
        names = ",".join(("IP:" if h.replace(".", "").isdigit() or ":" in h else "DNS:") + h for h in hosts)
        alternative = ["-addext", f"subjectAltName={names}"] if names else []
        openssl("req", "-new", "-config", self._config, "-section", "empty", "-key", made.key, "-subj",
                f"/CN={common_name}", *alternative, "-out", request)
        sign = ["-selfsign", "-keyfile", made.key] if issuer is None else \
            ["-cert", issuer.certificate, "-keyfile", issuer.key]
        openssl("ca", "-batch", "-config", self._config, "-extensions", extensions, "-notext", "-startdate",
                _time(days[0]), "-enddate", _time(days[1]), *sign, "-in", request, "-out", made.certificate)
        return made
