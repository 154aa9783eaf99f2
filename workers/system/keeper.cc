#include "workers/system/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workers/runtime/inherited.h"
#include "workers/runtime/packet.h"
#include "workers/system/capabilities.h"
#include "workers/system/keeper_protocol.h"

namespace aloha::system {
namespace {

// Workers alive at a time; a second one is there while the first is replaced.
constexpr size_t kMaxWorkers = 8;
// First descriptor that nothing has a fixed use for.
constexpr int kFirstFree = kJournalDescriptor + 1;

struct Options {
  int channel = -1;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// --keeper FD --user UID:GID
std::optional<Options> ParseOptions(int argc, char** argv) {
  if (argc != 5 || std::string_view(argv[3]) != "--user") return std::nullopt;
  Options options;
  const std::string_view user = argv[4];
  const size_t colon = user.find(':');
  if (colon == std::string_view::npos || !ParseNumber(user.substr(0, colon), options.uid) ||
      !ParseNumber(user.substr(colon + 1), options.gid) || options.uid == 0 ||
      !ParseNumber(std::string_view(argv[2]), options.channel) ||
      options.channel <= STDERR_FILENO) {
    return std::nullopt;
  }
  struct stat channel {};
  if (fstat(options.channel, &channel) != 0 || !S_ISSOCK(channel.st_mode)) return std::nullopt;
  return options;
}

class Keeper {
 public:
  // channel: to the supervisor, not owned.
  Keeper(int channel, std::string binary) : channel_(channel), binary_(std::move(binary)) {}

  int Run() {
    for (;;) {
      std::vector<pollfd> waits = {{.fd = channel_, .events = POLLIN, .revents = 0}};
      for (const Worker& worker : workers_)
        waits.push_back({.fd = worker.handle.get(), .events = POLLIN, .revents = 0});
      if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return 1;
      ReapWorkers();
      if (waits[0].revents == 0) continue;
      Result<Packet> packet = ReceivePacket(channel_);
      if (!packet) {
        if (packet.error().code == Code::kResourceExhausted) continue;
        return packet.error().code == Code::kUnavailable ? 0 : 1;
      }
      const Result<std::vector<std::string>> arguments = DecodeStart(packet->payload);
      // A keeper within the keeper is no worker.
      if (!arguments || packet->descriptors.size() != 2 ||
          std::count(arguments->begin(), arguments->end(), "--keeper") > 0) {
        std::fprintf(stderr, "aloha-system keeper: the supervisor broke the protocol\n");
        return 1;
      }
      Start(*arguments, packet->descriptors);
    }
  }

  // Waits while the supervisor does not read.
  void Report(const KeeperReport& report) {
    const std::string packet = EncodeReport(report);
    for (;;) {
      const Result<> sent = SendPacket(channel_, packet);
      if (sent || sent.error().code != Code::kResourceExhausted) return;
      pollfd wait{.fd = channel_, .events = POLLOUT, .revents = 0};
      poll(&wait, 1, -1);
    }
  }

 private:
  struct Worker {
    pid_t pid = 0;
    UniqueFd handle;  // pidfd
  };

  void ReapWorkers() {
    std::erase_if(workers_, [this](const Worker& worker) {
      int status = 0;
      if (waitpid(worker.pid, &status, WNOHANG) != worker.pid) return false;
      Report({.kind = KeeperReport::Kind::kEnded, .pid = worker.pid, .wait_status = status});
      return true;
    });
  }

  void Start(const std::vector<std::string>& arguments, const std::vector<UniqueFd>& descriptors) {
    if (workers_.size() >= kMaxWorkers) {
      return Report({.kind = KeeperReport::Kind::kFailed, .reason = "too many workers are alive"});
    }
    const pid_t pid = fork();
    if (pid == 0) Exec(arguments, descriptors[0].get(), descriptors[1].get());
    if (pid < 0) {
      return Report({.kind = KeeperReport::Kind::kFailed,
                     .reason = std::string("fork: ") + std::strerror(errno)});
    }
    workers_.push_back({pid, UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)))});
    Report({.kind = KeeperReport::Kind::kStarted, .pid = pid});
  }

  // In the child. Its parent learns of a failure by exit code 127.
  [[noreturn]] void Exec(const std::vector<std::string>& arguments, int control,
                         int journal) const {
    // Out of the way first: either may be where the other belongs.
    const int high_control = fcntl(control, F_DUPFD, kFirstFree);
    const int high_journal = fcntl(journal, F_DUPFD, kFirstFree);
    if (dup2(high_control, kControlDescriptor) < 0 || dup2(high_journal, kJournalDescriptor) < 0)
      _exit(127);
    close_range(kFirstFree, ~0U, 0);
    std::vector<char*> command = {const_cast<char*>(binary_.c_str())};
    for (const std::string& argument : arguments)
      command.push_back(const_cast<char*>(argument.c_str()));
    command.push_back(nullptr);
    execv(binary_.c_str(), command.data());
    std::fprintf(stderr, "aloha-system keeper: exec %s: %s\n", binary_.c_str(),
                 std::strerror(errno));
    _exit(127);
  }

  const int channel_;
  const std::string binary_;
  std::vector<Worker> workers_;
};

Result<std::string> OwnPath() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length < 0) return FailErrno("readlink /proc/self/exe");
  return std::string(path, static_cast<size_t>(length));
}

// Gives up what the keeper must not have.
Result<> Settle(const Options& options, const std::string& binary) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);  // Ctrl-C is the supervisor's business
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) return FailErrno("setrlimit RLIMIT_CORE");
  if (auto kept = KeepCapabilitiesForExec(options.uid, options.gid); !kept) return kept;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  // Root could reach it; what counts from now on is the user.
  if (access(binary.c_str(), X_OK) != 0) {
    return FailErrno(fmt::format("user {} cannot execute {}", options.uid, binary));
  }
  return {};
}

}  // namespace

int RunKeeper(int argc, char** argv) {
  const std::optional<Options> options = ParseOptions(argc, argv);
  if (!options) {
    std::fprintf(stderr, "aloha-system --keeper is started by aloha-supervisor, not by hand\n");
    return 2;
  }
  constexpr int kChannel = kControlDescriptor;  // any fixed place will do
  if (options->channel != kChannel && dup2(options->channel, kChannel) < 0) return 1;
  close_range(kChannel + 1, ~0U, 0);
  fcntl(kChannel, F_SETFD, FD_CLOEXEC);
  const Result<std::string> binary = OwnPath();
  Keeper keeper(kChannel, binary.value_or(""));
  const Result<> settled =
      binary ? Settle(*options, *binary) : Result<>(tl::make_unexpected(binary.error()));
  if (!settled) {
    keeper.Report({.kind = KeeperReport::Kind::kFailed, .reason = settled.error().message});
    return 1;
  }
  keeper.Report({.kind = KeeperReport::Kind::kReady});
  return keeper.Run();
}

}  // namespace aloha::system
