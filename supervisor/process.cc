#include "supervisor/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "supervisor/async.h"
#include "supervisor/call.h"
#include "worker/v1/descriptor.pb.h"
#include "workers/runtime/inherited.h"

extern char** environ;

namespace aloha::supervisor {
namespace {

constexpr std::chrono::seconds kAttachTimeout{10};

Result<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Fail(Code::kInvalidArgument,
                path + ": longer than a socket path may be; choose a shorter --run-dir");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

// Connects and sends the attach packet with fresh channels; our ends are put into `process`.
Result<UniqueFd> SendAttach(const std::string& control_path, Process& process) {
  const Result<sockaddr_un> address = UnixAddress(control_path);
  if (!address) return tl::make_unexpected(address.error());
  UniqueFd control(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!control) return FailErrno("socket");
  if (connect(control.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", control_path, std::strerror(errno)));
  }
  Result<SocketPair> calls = MakeSocketPair(SOCK_STREAM);
  if (!calls) return tl::make_unexpected(calls.error());
  Result<SocketPair> descriptors = MakeSocketPair(SOCK_SEQPACKET);
  if (!descriptors) return tl::make_unexpected(descriptors.error());
  worker::v1::Attach attach;
  attach.set_supervisor_pid(getpid());
  const int theirs[] = {calls->theirs.get(), descriptors->theirs.get()};
  if (auto sent = SendPacket(control.get(), attach.SerializeAsString(), theirs); !sent) {
    return tl::make_unexpected(sent.error());
  }
  process.channel = grpc::CreateInsecureChannelFromFd("worker", calls->ours.release());
  process.worker = worker::v1::Worker::NewStub(process.channel);
  process.descriptors = std::move(descriptors->ours);
  return control;
}

}  // namespace

std::string FindBinary(const std::string& binary_dir, std::string_view binary) {
  const std::string beside = fmt::format("{}/{}", binary_dir, binary);
  if (access(beside.c_str(), X_OK) == 0) return beside;
  const std::string installed = fmt::format("/usr/libexec/aloha/{}", binary);
  return access(installed.c_str(), X_OK) == 0 ? installed : beside;
}

Result<Inheritance> PrepareInheritance(const WorkerPaths& paths) {
  Inheritance inheritance;
  const Result<sockaddr_un> address = UnixAddress(paths.control);
  if (!address) return tl::make_unexpected(address.error());
  inheritance.control.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!inheritance.control) return FailErrno("socket");
  unlink(paths.control.c_str());
  if (bind(inheritance.control.get(), reinterpret_cast<const sockaddr*>(&*address),
           sizeof(*address)) != 0 ||
      chmod(paths.control.c_str(), 0600) != 0 || listen(inheritance.control.get(), 8) != 0) {
    return FailErrno(paths.control);
  }
  inheritance.journal.reset(open(
      paths.journal.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!inheritance.journal) return FailErrno(paths.journal);
  return inheritance;
}

Result<pid_t> StartProcess(const std::string& binary, const std::vector<std::string>& arguments,
                           const Inheritance& inheritance) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // The sources may be 3 or 4 themselves: park them above first.
  const int parked_control = fcntl(inheritance.control.get(), F_DUPFD_CLOEXEC, 10);
  const int parked_journal = fcntl(inheritance.journal.get(), F_DUPFD_CLOEXEC, 10);
  posix_spawn_file_actions_adddup2(&files, parked_control, kControlDescriptor);
  posix_spawn_file_actions_adddup2(&files, parked_journal, kJournalDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&files, kJournalDescriptor + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own: Ctrl-C on a terminal is for the supervisor, which drains.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  std::vector<char*> argv = {const_cast<char*>(binary.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, binary.c_str(), &files, &attributes, argv.data(), environ);
  close(parked_control);
  close(parked_journal);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return FailErrno("start " + binary, error);
  return pid;
}

asio::awaitable<Result<std::shared_ptr<Process>>> Attach(const Role& role,
                                                         const std::string& control_path) {
  auto process = std::make_shared<Process>();
  process->role = &role;
  Result<UniqueFd> control = SendAttach(control_path, *process);
  if (!control) co_return tl::make_unexpected(control.error());
  if (!co_await WaitReadable(control->get(), kAttachTimeout)) {
    co_return Fail(Code::kDeadlineExceeded,
                   fmt::format("{} does not answer on {}", role.binary, control_path));
  }
  const Result<Packet> packet = ReceivePacket(control->get());
  worker::v1::Attached answer;
  if (!packet || !answer.ParseFromString(packet->payload)) {
    co_return Fail(Code::kUnavailable, fmt::format("{} ended while it started", role.binary));
  }
  auto info = co_await Call(process->worker->async(), &worker::v1::Worker::Stub::async::GetInfo,
                            worker::v1::GetInfoRequest(), kAttachTimeout);
  if (!info) co_return tl::make_unexpected(info.error());
  if (info->role() != role.name) {
    co_return Fail(Code::kInternal,
                   fmt::format("{} answers as \"{}\"", control_path, info->role()));
  }
  process->info = std::move(*info);
  process->pid = process->info.pid();
  process->pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, process->pid, 0)));
  if (!process->pidfd) co_return FailErrno(fmt::format("pidfd of {}", role.binary));
  co_return process;
}

asio::awaitable<void> WaitForEnd(std::shared_ptr<Process> process) {
  while (!co_await WaitReadable(process->pidfd.get(), std::chrono::hours(24))) {
  }
  int status = 0;
  if (process->child && waitpid(process->pid, &status, WNOHANG) == process->pid)
    process->status = status;
}

std::string DescribeEnd(int status) {
  if (status < 0) return "ended";
  if (WIFSIGNALED(status))
    return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

std::vector<std::string> ReadJournal(const std::string& path, size_t lines) {
  std::vector<std::string> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) all.push_back(EscapeForLog(line));
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  return all;
}

std::string BinaryId(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return {};
  return fmt::format("{}:{}:{}", file.st_dev, file.st_ino, file.st_ctim.tv_sec);
}

}  // namespace aloha::supervisor
