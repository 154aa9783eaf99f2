#include "workers/tls/tls_role.h"

#include <asio/post.hpp>
#include <utility>

namespace aloha::tls {
namespace {

constexpr std::chrono::milliseconds kDrainLook{20};

}  // namespace

TlsRole::TlsRole(WorkerContext context)
    : context_(context),
      engine_(context.log),
      service_(context.loop, engine_),
      drain_timer_(context.loop) {}

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
  if (drained_) FinishDrain(0);
}

void TlsRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "proxy") return engine_.SetProxy(std::move(socket));
  if (role == "keys") engine_.SetKeys(std::move(socket));
}

void TlsRole::Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t)> done) {
  if (drained_) FinishDrain(0);  // this one counts
  drained_ = std::move(done);
  drain_end_ = std::chrono::steady_clock::now() + timeout;
  engine_.StopListening([this] { asio::post(context_.loop, [this] { WatchDrain(); }); });
}

void TlsRole::WatchDrain() {
  if (!drained_) return;
  if (engine_.handshakes() == 0) return FinishDrain(0);
  if (std::chrono::steady_clock::now() >= drain_end_) {
    return engine_.CutHandshakes(
        [this](uint32_t cut) { asio::post(context_.loop, [this, cut] { FinishDrain(cut); }); });
  }
  drain_timer_.expires_after(kDrainLook);
  drain_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) WatchDrain();
  });
}

void TlsRole::FinishDrain(uint32_t cut) {
  drain_timer_.cancel();
  if (drained_) std::exchange(drained_, nullptr)(cut);
}

}  // namespace aloha::tls
