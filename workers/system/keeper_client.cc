#include "workers/system/keeper_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "workers/runtime/packet.h"

namespace aloha {
namespace {

constexpr int kReadyTimeoutMs = 10'000;

// In the child, after fork. `channel` is close-on-exec still.
[[noreturn]] void ExecKeeper(const std::string& binary, int channel,
                             const std::string& channel_text, const std::string& user) {
  fcntl(channel, F_SETFD, 0);
  execl(binary.c_str(), binary.c_str(), "--keeper", channel_text.c_str(), "--user", user.c_str(),
        nullptr);
  const int error = errno;
  (void)SendPacket(channel,
                   EncodeReport({.kind = KeeperReport::Kind::kFailed,
                                 .reason = "exec " + binary + ": " + std::strerror(error)}));
  _exit(127);
}

Result<> AwaitReady(int keeper) {
  pollfd wait{.fd = keeper, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, kReadyTimeoutMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Fail(Code::kFailedPrecondition, "keeper: no answer in 10 s");
  const Result<KeeperReport> report = ReceiveReport(keeper);
  if (!report) return Fail(Code::kFailedPrecondition, "keeper: ended at once");
  if (report->kind == KeeperReport::Kind::kReady) return {};
  return Fail(Code::kFailedPrecondition, "keeper: " + report->reason);
}

}  // namespace

Result<UniqueFd> StartKeeper(const std::string& binary, uid_t uid, gid_t gid, pid_t* pid) {
  if (geteuid() != 0) return Fail(Code::kPermissionDenied, "keeper: only root can start it");
  Result<SocketPair> pair = MakeSocketPair(SOCK_SEQPACKET);
  if (!pair) return tl::make_unexpected(pair.error());
  const std::string channel = std::to_string(pair->theirs.get());
  const std::string user = fmt::format("{}:{}", uid, gid);
  const pid_t child = fork();
  if (child < 0) return FailErrno("keeper: fork");
  if (child == 0) ExecKeeper(binary, pair->theirs.get(), channel, user);
  pair->theirs.reset();
  if (auto ready = AwaitReady(pair->ours.get()); !ready) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return tl::make_unexpected(ready.error());
  }
  *pid = child;
  return std::move(pair->ours);
}

Result<> SendStart(int keeper, int control, int journal, std::span<const std::string> arguments) {
  const int descriptors[] = {control, journal};
  return SendPacket(keeper, EncodeStart(arguments), descriptors);
}

Result<KeeperReport> ReceiveReport(int keeper) {
  const Result<Packet> packet = ReceivePacket(keeper);
  if (!packet) return tl::make_unexpected(packet.error());
  return DecodeReport(packet->payload);
}

}  // namespace aloha
