// RESTinio without its acceptor: requests, responses and connections.
#ifndef ALOHA_WUI_RESTINIO_H_
#define ALOHA_WUI_RESTINIO_H_

#include <asio/buffer.hpp>

#ifdef ASIO_NO_DEPRECATED
// RESTinio still calls it; only the name is gone from Asio.
namespace asio {
template <typename Pointer>
Pointer buffer_cast(const const_buffer& buffer) {
  return static_cast<Pointer>(buffer.data());
}
}  // namespace asio
#endif

// In the order that they need.
// clang-format off
#include <restinio/settings.hpp>
#include <restinio/message_builders.hpp>
#include <restinio/impl/connection.hpp>
// clang-format on

#endif  // ALOHA_WUI_RESTINIO_H_
