#include "workers/proxy/proxy_role.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "workers/net/pipe_pool.h"
#include "workers/runtime/packet.h"

namespace aloha::proxy {
namespace {

// Descriptors for listeners, channels, the log and epoll.
constexpr rlim_t kReservedDescriptors = 100;
// Below this the limit of open files is worth a word.
constexpr uint32_t kModestSessions = 20'000;
constexpr int kMaxPacketsPerTurn = 64;

// What the limit of open files allows: two descriptors each, after the reserve and the pipes of a
// few threads.
uint32_t MaxSessions() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1000;
  constexpr rlim_t kKept = kReservedDescriptors + 4 * net::PipePool::kMaxDescriptors;
  const rlim_t left = std::min<rlim_t>(files.rlim_cur, 100'000'000);
  return left > 2 * kKept ? static_cast<uint32_t>((left - kKept) / 2) : left / 4;
}

}  // namespace

ProxyRole::ProxyRole(WorkerContext context, const Result<>& kernel_tls)
    : context_(context),
      max_sessions_(MaxSessions()),
      engine_(context.log, max_sessions_, kernel_tls.has_value()),
      service_(context.loop, engine_),
      drain_(context.loop, {[this](auto stopped) { engine_.StopListening(std::move(stopped)); },
                            [this] { return engine_.sessions(); },
                            [this](auto done) { engine_.CutSessions(std::move(done)); }}) {
  context_.log.Info(kernel_tls ? "hot streams of TLS go through the kernel"
                               : "TLS stays in this process: " + kernel_tls.error().message);
}

Result<> ProxyRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_proxy()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-proxy", "proxy");
  }
  DescriptorInbox& inbox = context_.descriptors;
  const Offers offers{
      [&](const std::string& address, uint32_t port) { return inbox.TakeListener(address, port); },
      [&](const std::string& name) { return inbox.TakeStickTable(name); },
  };
  return engine_.Prepare(snapshot.proxy(), offers);
}

void ProxyRole::Commit() {
  engine_.Commit();
  drain_.End();
}

void ProxyRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "tls") return engine_.SetTlsLink(std::move(socket));
  if (role != "health") return;
  health_ = std::make_unique<asio::posix::stream_descriptor>(context_.loop, socket.release());
  AwaitCheckStates();
}

void ProxyRole::AwaitCheckStates() {
  health_->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const asio::error_code& error) {
                        if (!error) ReadCheckStates();
                      });
}

void ProxyRole::ReadCheckStates() {
  for (int i = 0; i < kMaxPacketsPerTurn; ++i) {
    Result<Packet> packet = ReceivePacket(health_->native_handle());
    if (packet) {
      worker::v1::TargetStates states;
      if (states.ParseFromString(packet->payload)) engine_.SetCheckStates(states);
    } else if (packet.error().code == Code::kResourceExhausted) {
      break;
    } else if (packet.error().code == Code::kUnavailable) {
      context_.log.Warning("the channel from health ended; the last check states stand");
      health_.reset();
      return;
    }
  }
  AwaitCheckStates();
}

std::vector<std::string> ProxyRole::Limitations() {
  if (max_sessions_ >= kModestSessions) return {};
  return {"at most " + std::to_string(max_sessions_) +
          " sessions at a time: raise the limit of open files (LimitNOFILE)"};
}

}  // namespace aloha::proxy
