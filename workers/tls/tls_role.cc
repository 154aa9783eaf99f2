#include "workers/tls/tls_role.h"

#include <utility>

namespace aloha::tls {

TlsRole::TlsRole(WorkerContext context)
    : context_(context),
      engine_(context.log),
      service_(context.loop, engine_),
      drain_(context.loop, {[this](auto stopped) { engine_.StopListening(std::move(stopped)); },
                            [this] { return engine_.handshakes(); },
                            [this](auto done) { engine_.CutHandshakes(std::move(done)); }}) {}

Result<> TlsRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_tls()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-tls", "tls");
  }
  return engine_.Prepare(snapshot.tls(), [this](const std::string& address, uint32_t port) {
    return context_.descriptors.TakeListener(address, port);
  });
}

void TlsRole::Commit() {
  engine_.Commit();
  drain_.End();
}

void TlsRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "proxy") return engine_.SetProxy(std::move(socket));
  if (role == "keys") engine_.SetKeys(std::move(socket));
}

}  // namespace aloha::tls
