"""The management API over the network: alohactl by mutual TLS, and calls of any method by gRPC for Python."""
import functools
import subprocess

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from paths import SOURCE

TIMEOUT = 20


@functools.cache
def pool():
    """The descriptors of all .proto files."""
    protos = SOURCE / "proto"
    files = sorted(str(f.relative_to(protos)) for f in protos.rglob("*.proto"))
    described = subprocess.run(["protoc", f"-I{protos}", "--include_imports", "--descriptor_set_out=/dev/stdout", *files],
                               capture_output=True, check=True).stdout
    made = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(described).file:
        made.Add(file)
    return made


def message(name, descriptors=None):
    """The class of a message, by its full name."""
    return message_factory.MessageFactory(descriptors or pool()).GetPrototype(
        (descriptors or pool()).FindMessageTypeByName(name))


def detail(error):
    """The ErrorDetail of a failed call; {}: it carries none."""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin":
            return json_format.MessageToDict(message("aloha.admin.v1.ErrorDetail").FromString(value))
    return {}


class Api:
    """A connection of its own to 127.0.0.1:port. `identity`: of a Pki; none: without a certificate."""

    def __init__(self, port, ca, identity=None, descriptors=None, options=()):
        chain = "".join(identity.chain()).encode() if identity else None
        credentials = grpc.ssl_channel_credentials(ca.read_bytes(), identity.key.read_bytes() if identity else None, chain)
        # Without a pool of connections behind the test's back.
        self.channel = grpc.secure_channel(f"127.0.0.1:{port}", credentials,
                                           [("grpc.use_local_subchannel_pool", 1), *options])
        self.descriptors = descriptors or pool()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def _method(self, name):
        service, _, method = name.rpartition("/")
        service = service if "." in service else f"aloha.admin.v1.{service}"
        found = self.descriptors.FindServiceByName(service).methods_by_name[method]
        make = message_factory.MessageFactory(self.descriptors).GetPrototype
        return f"/{service}/{method}", make(found.input_type), make(found.output_type)

    def call(self, name, metadata=(), timeout=TIMEOUT, **request):
        """api.call("Servers/SetServerState", server="s1", admin_state="DRAIN"): the answer as JSON has it; grpc.RpcError."""
        path, asked, answered = self._method(name)
        invoke = self.channel.unary_unary(path, asked.SerializeToString, answered.FromString)
        answer = invoke(json_format.ParseDict(request, asked()), timeout=timeout, metadata=metadata)
        return json_format.MessageToDict(answer)

    def stream(self, name, metadata=(), timeout=TIMEOUT, **request):
        """The call of a server stream: its messages, undecoded."""
        path, asked, answered = self._method(name)
        return self.channel.unary_stream(path, asked.SerializeToString, answered.FromString)(
            json_format.ParseDict(request, asked()), timeout=timeout, metadata=metadata)

    def reflect(self, *questions):
        """Answers of server reflection to dictionaries."""
        path, asked, answered = self._method("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        converse = self.channel.stream_stream(path, asked.SerializeToString, answered.FromString)
        return list(converse(iter([json_format.ParseDict(q, asked()) for q in questions]), timeout=TIMEOUT))


def words(port, ca, identity=None):
    """alohactl's options."""
    own = ["--cert", identity.pem, "--key", identity.key] if identity else []
    return ["--endpoint", f"127.0.0.1:{port}", "--ca", ca, *own]
