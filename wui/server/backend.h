// Calls of the management API, carried to the supervisor for a browser: JSON on one side, gRPC on
// the other.
#ifndef ALOHA_WUI_SERVER_BACKEND_H_
#define ALOHA_WUI_SERVER_BACKEND_H_

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "wui/server/gate.h"

namespace aloha::wui {

struct BackendCall {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string request;  // bytes of the message
  CallerMetadata metadata;
  // Nothing: kUnaryTime for unary calls, no end for streams. At most kLongest.
  std::optional<std::chrono::milliseconds> timeout;
};

// How a call ended.
struct Ending {
  grpc::Status status;
  // The session that begins with it, "" for one that ends; nothing: neither.
  std::optional<std::string> session;
  std::string session_max_age_s;
};

// Control thread; gRPC's threads bring everything there.
class Backend {
 public:
  static constexpr std::chrono::milliseconds kUnaryTime = std::chrono::minutes(1);
  static constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);

  // A call under way; letting it go cancels it, and nothing is told any more.
  class Running {
   public:
    virtual ~Running() = default;
    // Of a stream: the message before was dealt with, another one may come.
    virtual void Next() {}
  };
  // JSON of the answer, or why there is none.
  using OnAnswer = std::function<void(std::string json, const Ending& ending)>;
  using OnMessage = std::function<void(std::string json)>;
  using OnEnd = std::function<void(const Ending& ending)>;

  explicit Backend(asio::io_context& loop) : loop_(loop) {}

  // Where a supervisor serves aloha.admin.v1; replaces an earlier one.
  void SetChannel(std::shared_ptr<grpc::Channel> channel) { channel_ = std::move(channel); }

  // Calls back later, never from here; null: no supervisor is there.
  std::unique_ptr<Running> Call(BackendCall call, OnAnswer done);
  // The first message comes unasked.
  std::unique_ptr<Running> Stream(BackendCall call, OnMessage message, OnEnd end);

 private:
  asio::io_context& loop_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_BACKEND_H_
