// Who calls the management API. The local socket accepts, reads who connects (SO_PEERCRED, which
// gRPC does not show), and hands the connection to the gRPC server; workers that may call come
// through a socket pair. Callers are told apart by the name gRPC gives such a connection, "fd:N".
#ifndef ALOHA_SUPERVISOR_MANAGEMENT_SOCKET_H_
#define ALOHA_SUPERVISOR_MANAGEMENT_SOCKET_H_

#include <grpcpp/server.h>
#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/rights.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

class ManagementSocket {
 public:
  // trial: the supervisor runs as the person who tries it, whose other processes may call; a
  // service's own user may not.
  ManagementSocket(asio::io_context& loop, Log& log, bool trial)
      : log_(log), trial_(trial), accept_(loop), pause_(loop) {}

  // Listens at `path`: root, members of aloha-admin, and in a trial the own user may connect. Of
  // the members aloha-dhcp may read and report leases alone.
  // kAlreadyExists: another supervisor answers there.
  Result<> Listen(const std::string& path);
  // Serves those who come, and who came before.
  void Serve(grpc::Server* server);
  // Our end of a socket pair to a worker: for itself it may read and change nothing; it brings its
  // users' calls as well.
  void AdmitWorker(std::string_view binary, UniqueFd connection);
  // Our end of a socket pair to aloha-gateway, which brings remote administrators' calls and has
  // none of its own.
  void AdmitGateway(UniqueFd connection);
  void Close(const std::string& path);

  // Whose calls a connection brings, beside its owner's.
  enum class Brings { kNone, kBrowsers, kRemotes };
  // Who is behind a connection.
  struct Caller {
    std::string name = "unknown";  // "root (uid 0)", "aloha-wui"
    Rights rights = Rights::kNone;
    bool reports_leases = false;  // the DHCP client's user: may that, read, and nothing else
    Brings brings = Brings::kNone;
    bool local = false;  // through the local socket
  };
  // Any thread.
  Caller Who(const std::string& grpc_peer) const;

 private:
  void Accept();
  void Admit(UniqueFd connection);
  void Add(Caller caller, UniqueFd connection);
  void Attach(Caller caller, UniqueFd connection);
  bool MayConnect(int fd, uid_t uid) const;

  Log& log_;
  const bool trial_;
  asio::posix::stream_descriptor accept_;
  asio::steady_timer pause_;
  grpc::Server* server_ = nullptr;
  std::vector<std::pair<Caller, UniqueFd>> early_;  // until there is a server
  mutable std::mutex mutex_;
  std::map<int, Caller>
      callers_;  // by descriptor; an entry is replaced when the number is used again
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MANAGEMENT_SOCKET_H_
