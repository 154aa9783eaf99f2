#include "supervisor/peers/peer_service.h"

#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <asio/post.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "supervisor/async.h"
#include "workers/runtime/grpc_status.h"
#include "workers/runtime/serve.h"

namespace aloha::supervisor {
namespace v1 = peer::v1;
namespace {

using Reactor = grpc::ServerUnaryReactor;
using CallContext = grpc::CallbackServerContext;

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

std::string FromHex(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int high = HexValue(digits[i]), low = HexValue(digits[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string Metadata(const CallContext& call, const char* name) {
  const auto found = call.client_metadata().find(name);
  if (found == call.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

PeerCaller CallerOf(const CallContext& call) {
  return {FromHex(Metadata(call, "aloha-node-key")), Metadata(call, "aloha-address")};
}

}  // namespace

PeerService::PeerService(asio::io_context& loop, const PeerLink& link, Hooks hooks)
    : loop_(loop), link_(link), hooks_(std::move(hooks)) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(PeerLink::kMaxMessageBytes);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

PeerService::~PeerService() {
  if (server_) server_->Shutdown(std::chrono::system_clock::now());
}

void PeerService::Attach(UniqueFd connection) {
  grpc::AddInsecureChannelFromFd(server_.get(), connection.release());
}

Reactor* PeerService::Hello(CallContext* call, const v1::HelloRequest* request,
                            v1::HelloResponse* response) {
  return ServeOnLoop(loop_, call,
                     [this, caller = CallerOf(*call), request, response]() -> Result<> {
                       if (auto admitted = hooks_.admit(caller); !admitted) return admitted;
                       Result<v1::HelloResponse> answer = hooks_.hello(caller, *request);
                       if (!answer) return tl::make_unexpected(answer.error());
                       *response = std::move(*answer);
                       return {};
                     });
}

namespace {

// Answers with what a coroutine gives.
template <typename Response>
asio::awaitable<void> Finish(asio::awaitable<Result<Response>> work, Response* response,
                             Reactor* reactor) {
  Result<Response> answer = co_await std::move(work);
  if (!answer) co_return reactor->Finish(ToStatus(answer.error()));
  *response = std::move(*answer);
  reactor->Finish(grpc::Status::OK);
}

}  // namespace

Reactor* PeerService::Join(CallContext* call, const v1::JoinRequest* request,
                           v1::JoinResponse* response) {
  Reactor* reactor = call->DefaultReactor();
  asio::post(loop_, [this, caller = CallerOf(*call), request, response, reactor]() mutable {
    Spawn(loop_, Finish(hooks_.join(std::move(caller), *request), response, reactor));
  });
  return reactor;
}

template <typename Request, typename Response>
Reactor* PeerService::Dispatch(CallContext* call, const Request* request, Response* response,
                               PeerHandlers::Handler<Request, Response> PeerHandlers::*handler) {
  Reactor* reactor = call->DefaultReactor();
  asio::post(loop_, [this, caller = CallerOf(*call), request, response, reactor, handler] {
    if (auto admitted = hooks_.admit(caller); !admitted)
      return reactor->Finish(ToStatus(admitted.error()));
    const auto& handle = link_.handlers().*handler;
    if (!handle) {
      return reactor->Finish(
          {grpc::StatusCode::UNIMPLEMENTED, "this version of the node does not take that"});
    }
    Spawn(loop_, Finish(handle(*request), response, reactor));
  });
  return reactor;
}

Reactor* PeerService::PushState(CallContext* call, const v1::PushStateRequest* request,
                                v1::PushStateResponse* response) {
  return Dispatch(call, request, response, &PeerHandlers::push_state);
}

Reactor* PeerService::PushStickEntries(CallContext* call,
                                       const v1::PushStickEntriesRequest* request,
                                       v1::PushStickEntriesResponse* response) {
  return Dispatch(call, request, response, &PeerHandlers::push_stick_entries);
}

}  // namespace aloha::supervisor
