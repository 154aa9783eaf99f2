#include "supervisor/management_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/server_posix.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace aloha::supervisor {
namespace {

constexpr char kAdminGroup[] = "aloha-admin";
// Runs the DHCP client, which reads what anybody on the network sends.
constexpr char kDhcpUser[] = "aloha-dhcp";
constexpr int kSoPeerGroups = 59;  // SO_PEERGROUPS, Linux 4.13

std::vector<gid_t> GroupsOf(int fd) {
  std::vector<gid_t> groups(1024);
  auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(fd, SOL_SOCKET, kSoPeerGroups, groups.data(), &length) != 0) length = 0;
  groups.resize(length / sizeof(gid_t));
  return groups;
}

std::string UserName(uid_t uid) {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != nullptr)
    return found->pw_name;
  return "unknown";
}

}  // namespace

Result<> ManagementSocket::Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Fail(Code::kInvalidArgument,
                path + ": longer than a socket path may be; choose a shorter --run-dir");
  }
  path.copy(address.sun_path, path.size());
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), name, sizeof(address)) == 0) {
    return Fail(Code::kAlreadyExists, path + ": another supervisor answers there");
  }
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  unlink(path.c_str());
  if (!listener || bind(listener.get(), name, sizeof(address)) != 0 ||
      listen(listener.get(), 64) != 0) {
    return FailErrno(path);
  }
  // Members of the group connect where it exists and this process may give the socket to it; others
  // are root or us.
  const group* admins = getgrnam(kAdminGroup);
  const bool given =
      admins != nullptr && chown(path.c_str(), static_cast<uid_t>(-1), admins->gr_gid) == 0;
  if (chmod(path.c_str(), given ? 0660 : 0600) != 0) return FailErrno(path);
  accept_.assign(listener.release());
  return {};
}

void ManagementSocket::Serve(grpc::Server* server) {
  server_ = server;
  for (auto& [caller, connection] : std::exchange(early_, {})) {
    Attach(std::move(caller), std::move(connection));
  }
  Accept();
}

void ManagementSocket::AdmitWorker(std::string_view binary, UniqueFd connection) {
  Add({.name = std::string(binary), .rights = Rights::kMonitor, .brings = Brings::kBrowsers},
      std::move(connection));
}

void ManagementSocket::AdmitGateway(UniqueFd connection) {
  Add({.name = "aloha-gateway", .brings = Brings::kRemotes}, std::move(connection));
}

void ManagementSocket::Add(Caller caller, UniqueFd connection) {
  if (server_ == nullptr) {
    early_.emplace_back(std::move(caller), std::move(connection));
  } else {
    Attach(std::move(caller), std::move(connection));
  }
}

void ManagementSocket::Attach(Caller caller, UniqueFd connection) {
  {
    std::lock_guard lock(mutex_);
    callers_[connection.get()] = std::move(caller);
  }
  grpc::AddInsecureChannelFromFd(server_, connection.release());
}

void ManagementSocket::Close(const std::string& path) {
  accept_.close();
  unlink(path.c_str());
}

void ManagementSocket::Accept() {
  accept_.async_wait(
      asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
        if (error) return;
        UniqueFd connection(
            accept4(accept_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection) {
          Admit(std::move(connection));
        } else if (errno != EAGAIN) {
          // Out of descriptors: the connection still waits, and asking again at once would only
          // burn time.
          pause_.expires_after(std::chrono::milliseconds(100));
          return pause_.async_wait([this](const asio::error_code& stopped) {
            if (!stopped) Accept();
          });
        }
        Accept();
      });
}

bool ManagementSocket::MayConnect(int fd, uid_t uid) const {
  if (uid == 0) return true;
  // Landlock does not keep a worker from a socket path; its seccomp filter does, and so does this.
  if (uid == geteuid()) return trial_;
  const group* admins = getgrnam(kAdminGroup);
  if (admins == nullptr) return false;
  const std::vector<gid_t> groups = GroupsOf(fd);
  return std::find(groups.begin(), groups.end(), admins->gr_gid) != groups.end();
}

void ManagementSocket::Admit(UniqueFd connection) {
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return;
  if (!MayConnect(connection.get(), peer.uid)) {
    log_.Warning(fmt::format("management socket: uid {} is neither root nor in group {}", peer.uid,
                             kAdminGroup));
    return;
  }
  const std::string user = UserName(peer.uid);
  const bool dhcp = user == kDhcpUser;
  // Who may do everything may do less as well: as somebody who signed in, as a token.
  Attach({.name = fmt::format("{} (uid {})", user, peer.uid),
          .rights = dhcp ? Rights::kMonitor : Rights::kAdmin,
          .reports_leases = dhcp,
          .brings = dhcp ? Brings::kNone : Brings::kBrowsers,
          .local = true},
         std::move(connection));
}

ManagementSocket::Caller ManagementSocket::Who(const std::string& grpc_peer) const {
  constexpr std::string_view kPrefix = "fd:";
  if (!grpc_peer.starts_with(kPrefix)) return {};
  std::lock_guard lock(mutex_);
  const auto found = callers_.find(std::atoi(grpc_peer.c_str() + kPrefix.size()));
  return found == callers_.end() ? Caller() : found->second;
}

}  // namespace aloha::supervisor
