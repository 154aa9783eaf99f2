"""The management API by its proto files alone: any method, by name, with a dict for a message, and metadata as aloha-wui
and aloha-gateway add it. Needs protoc and python3-grpcio."""
import functools
import pathlib
import subprocess
import tempfile
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = "aloha.admin.v1"


class Failed(Exception):
    """A call that was refused: code ("UNAUTHENTICATED"), text, detail (ErrorDetail as a dict), trailing metadata."""

    def __init__(self, error):
        self.code = error.code().name
        self.text = error.details()
        self.trailing = dict(error.trailing_metadata() or ())
        detail = self.trailing.get("grpc-status-details-bin", b"")
        self.detail = _read("ErrorDetail", detail) if detail else {}
        super().__init__(f"{self.code}: {self.text}")


@functools.cache
def _pool():
    protos = sorted((ROOT / "proto/admin/v1").glob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{ROOT}/proto", "--include_imports", f"--descriptor_set_out={out.name}",
                        *map(str, protos)], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool, [file.name for file in files.file if file.package == PACKAGE]


@functools.cache
def _class(full_name):
    pool, _ = _pool()
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(full_name))


def _read(name, data):
    return json_format.MessageToDict(_class(f"{PACKAGE}.{name}").FromString(data))


@functools.cache
def methods():
    """{"Services/StopService": descriptor, …}: everything there is."""
    pool, files = _pool()
    found = {}
    for name in files:
        for service in pool.FindFileByName(name).services_by_name.values():
            for method in service.methods:
                found[f"{service.name}/{method.name}"] = method
    return found


@functools.cache
def streams():
    """Names of the methods that stream."""
    proto, (pool, files) = set(), _pool()
    for name in files:
        file = descriptor_pb2.FileDescriptorProto()
        pool.FindFileByName(name).CopyToProto(file)
        for service in file.service:
            proto |= {f"{service.name}/{m.name}" for m in service.method if m.server_streaming}
    return proto


class Api:
    """Somebody at the local socket. By itself the user of this machine; with `metadata`, whom that says."""

    def __init__(self, aloha, **metadata):
        # Of its own: others' broken connections are not shared.
        self.channel = grpc.insecure_channel(f"unix:{aloha.socket}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.metadata = {f"aloha-{name.replace('_', '-')}": value for name, value in metadata.items()}
        self.trailing = {}

    def close(self):
        self.channel.close()

    def _stub(self, kind, name):
        method = methods()[name]
        return kind(f"/{PACKAGE}.{name}", request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=_class(method.output_type.full_name).FromString)

    def _request(self, name, fields):
        return json_format.ParseDict(fields, _class(methods()[name].input_type.full_name)())

    def call(self, name, /, fields=None, timeout=30, **more):
        """The answer as a dict; Failed. Trailing metadata in self.trailing."""
        stub = self._stub(self.channel.unary_unary, name)
        request = self._request(name, {**(fields or {}), **more})
        end = time.monotonic() + timeout
        while True:
            try:
                answer, call = stub.with_call(request, timeout=timeout, metadata=tuple(self.metadata.items()),
                                              wait_for_ready=True)
                break
            except grpc.RpcError as error:
                # A supervisor that was killed a moment ago; an answer of one has a detail.
                if error.code() is not grpc.StatusCode.UNAVAILABLE or Failed(error).detail or time.monotonic() > end:
                    raise Failed(error) from None
                time.sleep(0.05)
        self.trailing = dict(call.trailing_metadata() or ())
        return json_format.MessageToDict(answer)

    def watch(self, name, fields=None, timeout=60):
        """Messages as they come, as dicts; Failed at the end."""
        stub = self._stub(self.channel.unary_stream, name)
        try:
            for message in stub(self._request(name, fields or {}), timeout=timeout,
                                metadata=tuple(self.metadata.items()), wait_for_ready=True):
                yield json_format.MessageToDict(message)
        except grpc.RpcError as error:
            raise Failed(error) from None


def refusal(api, name, /, fields=None, **options):
    """The code of a call that must fail."""
    try:
        answer = api.call(name, fields, **options)
    except Failed as failed:
        return failed.code
    raise AssertionError(f"{name} was not refused: {answer}")
