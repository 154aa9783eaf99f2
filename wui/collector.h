// Asks the supervisor for what the metrics are made of.
#ifndef ALOHA_WUI_COLLECTOR_H_
#define ALOHA_WUI_COLLECTOR_H_

#include <grpcpp/channel.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha::wui {

// Control thread.
class Collector {
 public:
  using Done = std::function<void(const Result<std::string>& metrics)>;

  explicit Collector(asio::io_context& loop) : loop_(loop) {}

  // Where a supervisor serves aloha.admin.v1; replaces an earlier one.
  void SetChannel(std::shared_ptr<grpc::Channel> channel) { channel_ = std::move(channel); }
  // Calls `done` once with a fresh exposition. Those who ask meanwhile share it. kUnavailable: no
  // supervisor answers.
  void Collect(Done done);

 private:
  asio::awaitable<Result<std::string>> Ask();

  asio::io_context& loop_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<Done> waiting_;  // not empty: a collection is under way
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_COLLECTOR_H_
