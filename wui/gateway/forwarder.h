// Carries any gRPC call to another channel and back, without knowing its messages: unary calls and
// streams, their metadata and status, cancellation and deadline. What a caller says of itself in
// metadata that begins with "aloha-" is dropped before ours is added.
#ifndef ALOHA_WUI_GATEWAY_FORWARDER_H_
#define ALOHA_WUI_GATEWAY_FORWARDER_H_

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>

#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace aloha::gateway {

struct Route {
  std::shared_ptr<grpc::Channel> channel;
  // Added to the call.
  std::vector<std::pair<std::string, std::string>> metadata;
  // Told how the call ended, on a thread of gRPC's. May be empty.
  std::function<void(const grpc::Status&)> ended = {};
};
// A call goes there, or is answered so.
using RouteOrStatus = tl::expected<Route, grpc::Status>;

// What a way is found by.
struct CallHead {
  std::string method;         // "/aloha.peer.v1.Peer/Hello"
  std::string authorization;  // the metadata of this name; empty: none. It is not passed on
};

class Forwarder final : public grpc::CallbackGenericService {
 public:
  // Where a call goes; answers once, on any thread. It is called on gRPC's threads.
  using Find = std::function<void(const CallHead& call, std::function<void(RouteOrStatus)>)>;

  explicit Forwarder(Find find) : find_(std::move(find)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  const Find find_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_FORWARDER_H_
