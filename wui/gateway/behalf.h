// For whom a remote administrator's calls are made: what the supervisor is told beside each.
#ifndef ALOHA_WUI_GATEWAY_BEHALF_H_
#define ALOHA_WUI_GATEWAY_BEHALF_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workers/runtime/unique_fd.h"
#include "wui/gateway/forwarder.h"

namespace aloha::gateway {

// A channel to the supervisor, which it replaces when it starts anew. Any thread.
class SupervisorChannel {
 public:
  // life: another descriptor of the channel's socket, for Works; empty: never asked.
  void Set(std::shared_ptr<grpc::Channel> channel, UniqueFd life = {});
  std::shared_ptr<grpc::Channel> Get() const;
  // A supervisor is at the other end: gRPC does not tell of channels over descriptors.
  bool Works() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_;
  UniqueFd life_;
};

// Any thread; immutable.
class Behalf {
 public:
  // subject: of the client's certificate; address: numeric. The channel outlives it.
  Behalf(const SupervisorChannel& supervisor, std::string subject, std::string address)
      : supervisor_(supervisor), subject_(std::move(subject)), address_(std::move(address)) {}

  // To the management API and nothing else. A token narrows what the certificate may.
  RouteOrStatus RouteOf(const CallHead& call) const;
  // Whether the supervisor knows who calls, and lets him read: OK, or its refusal, which it audits;
  // UNAVAILABLE without it. `done` is
  // called once, on a thread of gRPC's.
  void Ask(std::function<void(const grpc::Status&)> done) const;
  // A supervisor is there to answer.
  bool Works() const { return supervisor_.Works(); }

 private:
  std::vector<std::pair<std::string, std::string>> Metadata() const;

  const SupervisorChannel& supervisor_;
  const std::string subject_, address_;
};

// What stands behind "Bearer" (RFC 6750 section 2.1); empty: the text is no such credential.
std::string_view BearerToken(std::string_view authorization);

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_BEHALF_H_
