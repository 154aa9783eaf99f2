// The listening sockets that aloha-system holds: those of the running snapshot, and those bound for
// one to come.
#ifndef ALOHA_WORKERS_SYSTEM_LISTENER_SET_H_
#define ALOHA_WORKERS_SYSTEM_LISTENER_SET_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/binder.h"

namespace aloha::system {

// Shared, because a socket may be closed here while it still waits to be sent.
using Socket = std::shared_ptr<const UniqueFd>;

struct NamedSocket {
  Endpoint endpoint;
  Socket socket;
  bool fresh = false;  // bound just now
};

class ListenerSet {
 public:
  // take: gives a socket that the supervisor handed over, or an empty one.
  ListenerSet(std::function<UniqueFd(const Endpoint&)> take, uint32_t unprivileged_port_start)
      : take_(std::move(take)), unprivileged_port_start_(unprivileged_port_start) {}

  // The sockets of all endpoints, in order; those that are not held are bound. On failure nothing
  // new stays bound, and the message (kFailedPrecondition) has one line for each endpoint that
  // failed.
  Result<std::vector<NamedSocket>> Bind(const worker::v1::BindRequest& request);
  // Closes the fresh ones among them that no Commit confirmed.
  void Unbind(const std::vector<NamedSocket>& sockets);

  // kFailedPrecondition when a listener is neither held nor handed over, with one line for each.
  Result<> Prepare(const worker::v1::SystemSnapshot& snapshot);
  // Keeps exactly the listeners of the prepared snapshot.
  void Commit();
  // Closes what was bound and never committed.
  void Abort();

  // The sockets that a snapshot named, by their names; they stay this set's.
  std::vector<NamedDescriptor> Committed() const;

  size_t size() const { return held_.size(); }

 private:
  struct Held {
    Socket socket;
    bool committed = false;
  };

  // Also looks among the sockets that were handed over. Null: not held.
  Socket Find(const Endpoint& endpoint);
  Result<Socket> BindOne(const Endpoint& endpoint);

  const std::function<UniqueFd(const Endpoint&)> take_;
  const uint32_t unprivileged_port_start_;
  std::map<Endpoint, Held> held_;
  std::set<Endpoint> prepared_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_LISTENER_SET_H_
