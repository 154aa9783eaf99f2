"""Aloha's management API from Python, made out of its .proto files when it is needed and of nothing else.

    api = aloha_api.Api("proto", aloha_api.connect("10.0.0.17:4443", ca="ca.pem", cert="ops.pem", key="ops.key"))
    for service in api.listed("VirtualServices", "ListVirtualServices"):
        print(service.name, service.serving)

Needs grpcio (Debian: python3-grpcio) and, to read the .proto files, either protoc with grpc_python_plugin (Debian:
protobuf-compiler, protobuf-compiler-grpc) or grpcio-tools (pip).
"""
import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc

PAGE = 200


def connect(endpoint, ca, cert, key, token=None):
    """A channel to HOST:PORT by mutual TLS. `ca`: who vouches for the server; `cert`, `key`: who we are; all PEM files.
    `token`: call with the rights of this one, where they are fewer."""
    read = [pathlib.Path(file).read_bytes() for file in (ca, key, cert)]
    credentials = grpc.ssl_channel_credentials(*read)
    if token:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    return grpc.secure_channel(endpoint, credentials)


class Api:
    """Calls over a channel. `folder` holds admin/v1/*.proto, as in the source or under /usr/share/aloha/proto."""

    def __init__(self, folder, channel):
        self._modules = _generate(pathlib.Path(folder))
        self._channel = channel

    def type(self, name):
        """A message or enum of aloha.admin.v1: type("Server")."""
        return next(getattr(m, name) for m, _ in self._modules if hasattr(m, name))

    def stub(self, service):
        """The stub of a service: stub("Servers").SetServerState(request, timeout=10)."""
        return next(getattr(m, f"{service}Stub") for _, m in self._modules if hasattr(m, f"{service}Stub"))(self._channel)

    def call(self, service, method, timeout=10, **fields):
        """One call; its response. `fields`: of the request. grpc.RpcError where it is refused."""
        return getattr(self.stub(service), method)(self.type(f"{method}Request")(**fields), timeout=timeout)

    def listed(self, service, method, **fields):
        """All elements of a list, page by page."""
        token = ""
        while True:
            page = self.call(service, method, page_size=PAGE, page_token=token, **fields)
            elements = next(f for f in page.DESCRIPTOR.fields if f.label == f.LABEL_REPEATED)
            yield from getattr(page, elements.name)
            token = page.next_page_token
            if not token:
                return

    def explain(self, error):
        """A failed call, for people: the reason, what is wrong where, what to do."""
        lines = [f"{error.code().name}: {error.details()}"]
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                detail = self.type("ErrorDetail").FromString(value)
                lines += [f"  {v.path}: {v.message}" for v in detail.violations]
                lines += [f"  {detail.remedy}"] if detail.remedy else []
        return "\n".join(lines)


def _generate(protos):
    """Python of aloha.admin.v1, made together with what it imports: [(messages, stubs), …]."""
    files = sorted(str(file.relative_to(protos)) for file in protos.glob("*/v1/*.proto"))
    if not any(file.startswith("admin") for file in files):
        raise FileNotFoundError(f"{protos}: no admin/v1/*.proto in it")
    with tempfile.TemporaryDirectory(prefix="aloha-api-") as out:
        if shutil.which("protoc") and (plugin := shutil.which("grpc_python_plugin")):
            compiler = ["protoc", f"--plugin=protoc-gen-grpc_python={plugin}"]
        else:
            compiler = [sys.executable, "-m", "grpc_tools.protoc"]
        subprocess.run([*compiler, f"-I{protos}", f"--python_out={out}", f"--grpc_python_out={out}", *files], check=True)
        sys.path.insert(0, out)
        try:
            modules = [file.removesuffix(".proto").replace(os.sep, ".") for file in files if file.startswith("admin")]
            return [(importlib.import_module(f"{m}_pb2"), importlib.import_module(f"{m}_pb2_grpc")) for m in modules]
        finally:
            sys.path.remove(out)
