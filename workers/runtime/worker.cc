#include "workers/runtime/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "workers/runtime/inherited.h"
#include "workers/runtime/worker_service.h"

#ifdef ALOHA_SANITIZED
// The leak check needs ptrace, which no confined process has.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace aloha {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::minutes kOrphanTime{10};
constexpr std::chrono::seconds kOrphanDrain{30};
constexpr int kMaxAttaching = 8;
constexpr int kMaxMessageBytes = 64 << 20;

// Which file runs: a replaced binary has another inode or change time.
std::string BinaryId() {
  struct stat file {};
  if (stat("/proc/self/exe", &file) != 0) return {};
  return fmt::format("{}:{}:{}", file.st_dev, file.st_ino, file.st_ctim.tv_sec);
}

class WorkerProcess {
 public:
  WorkerProcess(const RoleDescription& description, Log& log, uid_t user, uid_t starter,
                v1::GetInfoResponse identity)
      : log_(log),
        user_(user),
        starter_(starter),
        control_(loop_, kControlDescriptor),
        orphan_timer_(loop_),
        signals_(loop_, SIGTERM),
        role_(description.make({loop_, inbox_, log_})),
        service_({loop_, inbox_, log_}, *role_, std::move(identity)) {
    inbox_.OnPeer([this](const std::string& peer, UniqueFd socket) {
      role_->OnPeer(peer, std::move(socket));
    });
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.RegisterService(&service_);
    for (grpc::Service* service : role_->Services()) builder.RegisterService(service);
    if (auto* generic = role_->GenericService()) builder.RegisterCallbackGenericService(generic);
    server_ = builder.BuildAndStart();
  }

  bool started() const { return server_ != nullptr; }

  void Run() {
    signals_.async_wait([this](const asio::error_code& error, int) {
      if (!error) loop_.stop();
    });
    AcceptSupervisors();
    StartOrphanTimer();
    log_.Info("started");
    loop_.run();
    log_.Info("ended");
  }

 private:
  using Connection = std::shared_ptr<asio::posix::stream_descriptor>;

  void AcceptSupervisors() {
    control_.async_wait(
        asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
          if (error) {  // no supervisor could ever come back
            log_.Error("control socket: " + error.message());
            return loop_.stop();
          }
          const int fd =
              accept4(control_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
          UniqueFd connection(fd);
          if (connection && attaching_ < kMaxAttaching && IsOurUser(fd))
            AwaitAttach(std::move(connection));
          AcceptSupervisors();
        });
  }

  // Only processes of the same user, of the user who started it (a setuid worker has another), or
  // root may take a worker over.
  bool IsOurUser(int fd) const {
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
    return peer.uid == user_ || peer.uid == starter_ || peer.uid == 0;
  }

  void AwaitAttach(UniqueFd fd) {
    ++attaching_;
    auto connection = std::make_shared<asio::posix::stream_descriptor>(loop_, fd.release());
    connection->async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, connection](const asio::error_code& error) {
                             --attaching_;
                             if (!error) Attach(connection);
                           });
  }

  void Attach(const Connection& connection) {
    Result<Packet> packet = ReceivePacket(connection->native_handle());
    v1::Attach attach;
    if (!packet || packet->descriptors.size() != 2 || !attach.ParseFromString(packet->payload)) {
      log_.Warning("control socket: not an attach packet");
      return;
    }
    const int grpc_socket = packet->descriptors[0].release();
    fcntl(grpc_socket, F_SETFL, O_NONBLOCK);
    grpc::AddInsecureChannelFromFd(server_.get(), grpc_socket);
    orphan_timer_.cancel();
    inbox_.SetChannel(packet->descriptors[1].get());
    channel_.emplace(loop_, packet->descriptors[1].release());
    AwaitDescriptors();
    if (auto sent = SendDescriptors(channel_->native_handle(), role_->Keepsakes()); !sent) {
      log_.Warning("passing descriptors to the supervisor: " + sent.error().message);
    }
    v1::Attached answer;
    answer.set_pid(getpid());
    (void)SendPacket(connection->native_handle(), answer.SerializeAsString());
    log_.Debug(fmt::format("attached to supervisor {}", attach.supervisor_pid()));
  }

  void AwaitDescriptors() {
    channel_->async_wait(
        asio::posix::stream_descriptor::wait_read,
        [this, fd = channel_->native_handle()](const asio::error_code& error) {
          if (error || !channel_ || channel_->native_handle() != fd) return;
          if (inbox_.Receive()) return AwaitDescriptors();
          inbox_.SetChannel(-1);
          channel_.reset();
          log_.Warning("the supervisor is gone; serving on until another one comes");
          StartOrphanTimer();
        });
  }

  void StartOrphanTimer() {
    orphan_timer_.expires_after(kOrphanTime);
    orphan_timer_.async_wait([this](const asio::error_code& error) {
      if (error || channel_) return;
      log_.Warning("no supervisor came; draining");
      role_->Drain(kOrphanDrain, [this](uint32_t) { loop_.stop(); });
    });
  }

  Log& log_;
  const uid_t user_;
  const uid_t starter_;
  asio::io_context loop_{1};
  DescriptorInbox inbox_;
  asio::posix::stream_descriptor control_;
  std::optional<asio::posix::stream_descriptor> channel_;  // descriptors from the supervisor
  asio::steady_timer orphan_timer_;
  asio::signal_set signals_;
  int attaching_ = 0;
  std::unique_ptr<Role> role_;
  WorkerService service_;
  std::unique_ptr<grpc::Server> server_;
};

struct Options {
  LogOptions log;
  bool valid = true;
};

// Sets an option of the role's own; false: it has none of that name.
bool SetRoleOption(const RoleDescription& role, std::string_view name, std::string_view value) {
  for (const RoleOption& option : role.options) {
    if (name != option.name) continue;
    *option.value = value;
    return true;
  }
  return false;
}

Options ParseOptions(int argc, char** argv, const RoleDescription& role) {
  Options options;
  options.log.program = "aloha-" + role.name;
  options.log.journal_fd = kJournalDescriptor;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--log-level" && ParseLogLevel(value)) {
      options.log.level = *ParseLogLevel(value);
    } else if (name == "--log-format" && (value == "json" || value == "text")) {
      options.log.json = value == "json";
    } else if (i + 1 >= argc || !SetRoleOption(role, name, value)) {
      options.valid = false;
    }
  }
  struct stat control {};
  if (fstat(kControlDescriptor, &control) != 0 || !S_ISSOCK(control.st_mode)) options.valid = false;
  // Else the number might come to stand for a socket that log lines must not go to.
  struct stat journal {};
  if (fstat(kJournalDescriptor, &journal) != 0 || !S_ISREG(journal.st_mode)) options.valid = false;
  return options;
}

v1::GetInfoResponse Identity(const std::string& role, const std::string& binary,
                             const ConfinementReport& report) {
  v1::GetInfoResponse identity;
  identity.set_role(role);
  identity.set_pid(getpid());
  identity.set_binary_id(binary);
  identity.set_landlock_abi(report.landlock_abi);
  for (const ConfinementProbe& probe : report.probes) {
    v1::ConfinementProbe* out = identity.add_probes();
    out->set_act(probe.act);
    out->set_refused(probe.refused);
  }
  return identity;
}

}  // namespace

int RunWorker(int argc, char** argv, const RoleDescription& description) {
  const Options options = ParseOptions(argc, argv, description);
  if (!options.valid) {
    std::fprintf(stderr, "aloha-%s is started by aloha-supervisor, not by hand\n",
                 description.name.c_str());
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  const std::string binary = BinaryId();
  const uid_t user = geteuid(), starter = getuid();
  if (description.before_confinement) {
    if (auto ready = description.before_confinement(); !ready) {
      std::fprintf(stderr, "%s: %s\n", options.log.program.c_str(), ready.error().message.c_str());
      return 1;
    }
  }
  const Result<ConfinementReport> report = Confine(description.confinement);
  if (!report) {
    std::fprintf(stderr, "%s: %s\n", options.log.program.c_str(), report.error().message.c_str());
    return 1;
  }
  auto log = std::make_unique<Log>(options.log);
  // Never destroyed: what a kill -9 would leave is what an orderly end leaves, and no destructor
  // can hang.
  auto* process = new WorkerProcess(description, *log, user, starter,
                                    Identity(description.name, binary, *report));
  if (!process->started()) return 1;
  process->Run();
  log->Flush();
  _exit(0);
}

}  // namespace aloha
