// The sockets that aloha-system holds for other roles, listeners and those of VRRP: those of the
// running snapshot, and those made for one to come.
#ifndef ALOHA_WORKERS_SYSTEM_SOCKET_SET_H_
#define ALOHA_WORKERS_SYSTEM_SOCKET_SET_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/binder.h"
#include "workers/system/vrrp_socket.h"

namespace aloha::system {

// What a socket is known by.
using SocketName = std::variant<Endpoint, VrrpEndpoint>;
// "listener 127.0.0.1:143", "VRRP over IPv4 on eth0".
std::string ToString(const SocketName& name);
// As it travels beside gRPC.
worker::v1::Descriptor ToDescriptor(const SocketName& name);

// Shared, because a socket may be closed here while it still waits to be sent.
using Socket = std::shared_ptr<const UniqueFd>;

struct NamedSocket {
  SocketName name;
  Socket socket;
  bool fresh = false;  // made just now
};

class SocketSet {
 public:
  // Gives a socket that the supervisor handed over, or an empty one.
  using Take = std::function<UniqueFd(const SocketName&)>;
  // Makes one. siblings: listeners of the same port that are held; see BindListener.
  using Make = std::function<Result<UniqueFd>(const SocketName&, std::span<const int> siblings)>;

  SocketSet(Take take, Make make) : take_(std::move(take)), make_(std::move(make)) {}

  // The sockets of the request, in order; those that are not held are made. On failure nothing new
  // stays open, and the message (kFailedPrecondition) has one line for each socket that failed.
  Result<std::vector<NamedSocket>> Bind(const worker::v1::BindRequest& request);
  // Closes the fresh ones among them that no Commit confirmed.
  void Unbind(const std::vector<NamedSocket>& sockets);

  // kFailedPrecondition when a socket is neither held nor handed over, with one line for each.
  Result<> Prepare(const worker::v1::SystemSnapshot& snapshot);
  // Keeps exactly the sockets of the prepared snapshot.
  void Commit();
  // Closes what was made and never committed.
  void Abort();

  // The sockets that a snapshot named, by their names; they stay this set's.
  std::vector<NamedDescriptor> Committed() const;
  // Those of VRRP, committed or not.
  std::vector<std::pair<VrrpEndpoint, int>> VrrpSockets() const;

  size_t size() const { return held_.size(); }

 private:
  struct Held {
    Socket socket;
    bool committed = false;
  };

  // Also looks among the sockets that were handed over. Null: not held.
  Socket Find(const SocketName& name);
  Result<Socket> MakeOne(const SocketName& name);

  const Take take_;
  const Make make_;
  std::map<SocketName, Held> held_;
  std::set<SocketName> prepared_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_SOCKET_SET_H_
