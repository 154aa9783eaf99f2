// Where administrators' tools reach this node over the network.
#include <fmt/format.h>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"
#include "supervisor/config/link_listener.h"
#include "supervisor/config/references.h"

namespace aloha::supervisor {

namespace worker_v1 = worker::v1;

void CompileRemote(Compilation& compilation) {
  const auto& grpc = compilation.config.management().grpc();
  if (!grpc.enabled()) return;
  for (const auto& user : grpc.user()) {
    compilation.out.remote_users[user.subject()] = config::v1::GrpcUser::Role_Name(user.role());
  }
  worker_v1::Listener listener;
  listener.set_address(CanonicalAddress(grpc.has_address() ? grpc.address() : "0.0.0.0"));
  listener.set_port(grpc.has_port() ? grpc.port() : kRemotePort);
  const auto wait = [&](const std::string& what) {
    compilation.out.waiting.push_back(
        fmt::format("management.grpc on {} waits for its {}",
                    FormatEndpoint(listener.address(), listener.port()), what));
  };
  const std::string name = RemoteCertificateOf(compilation.config).name;
  const auto certificate = compilation.FindCertificate(name);
  if (!certificate) return wait(fmt::format("certificate, \"{}\"", name));
  const std::vector<std::string> anchors = compilation.FindTrustAnchor(grpc.ca());
  if (anchors.empty()) return wait(fmt::format("trust anchor, \"{}\"", grpc.ca()));
  worker_v1::ManagementListener* to = compilation.out.gateway.mutable_management();
  to->mutable_listener()->set_address(listener.address());
  to->mutable_listener()->set_port(listener.port());
  *to->mutable_allow_from() = grpc.allow_from();
  *to->mutable_certificate() = *certificate;
  to->mutable_trust_anchors()->Add(anchors.begin(), anchors.end());
  compilation.out.keys.set_management_key(certificate->key());
  *compilation.out.system.add_listeners() = listener;
}

}  // namespace aloha::supervisor
