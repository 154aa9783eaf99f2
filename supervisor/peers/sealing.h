// Messages that only the paired node's supervisor can open: sealed and opened by aloha-keys.
#ifndef ALOHA_SUPERVISOR_PEERS_SEALING_H_
#define ALOHA_SUPERVISOR_PEERS_SEALING_H_

#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/call_worker.h"
#include "supervisor/fleet.h"
#include "worker/v1/transfer.grpc.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

template <>
struct ServiceOf<worker::v1::KeyTransfer> {
  static constexpr std::string_view kRole = "keys";
  static constexpr std::chrono::seconds kTimeout{10};
};

// Errors as SealSecret.
template <typename Message>
asio::awaitable<Result<std::string>> SealMessage(Fleet& fleet, Message message) {
  worker::v1::SealSecretRequest request;
  message.SerializeToString(request.mutable_secret());
  auto sealed = co_await CallWorker<worker::v1::KeyTransfer>(
      fleet, &worker::v1::KeyTransfer::Stub::async::SealSecret, std::move(request));
  if (!sealed) co_return tl::make_unexpected(sealed.error());
  co_return std::move(*sealed->mutable_sealed());
}

// Errors as OpenSecret; kPermissionDenied when it is another message.
template <typename Message>
asio::awaitable<Result<Message>> OpenMessage(Fleet& fleet, std::string sealed) {
  worker::v1::OpenSecretRequest request;
  request.set_sealed(std::move(sealed));
  const auto opened = co_await CallWorker<worker::v1::KeyTransfer>(
      fleet, &worker::v1::KeyTransfer::Stub::async::OpenSecret, std::move(request));
  if (!opened) co_return tl::make_unexpected(opened.error());
  Message message;
  if (!message.ParseFromString(opened->secret())) {
    co_return Fail(Code::kPermissionDenied, "what was sealed is another message");
  }
  co_return message;
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_SEALING_H_
