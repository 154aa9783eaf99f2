// A TLS connection as RESTinio wants its sockets.
#ifndef ALOHA_WUI_SERVER_RESTINIO_SOCKET_H_
#define ALOHA_WUI_SERVER_RESTINIO_SOCKET_H_

#include <memory>
#include <utility>

#include "wui/restinio.h"
#include "wui/server/tls_connection.h"

namespace aloha::wui {

class RestinioSocket {
 public:
  using executor_type = restinio::default_asio_executor;

  explicit RestinioSocket(std::shared_ptr<TlsConnection> connection)
      : connection_(std::move(connection)) {}

  TlsConnection& connection() { return *connection_; }

  auto& lowest_layer() { return connection_->stream().lowest_layer(); }
  auto get_executor() { return lowest_layer().get_executor(); }
  auto remote_endpoint() { return lowest_layer().remote_endpoint(); }
  bool is_open() const { return connection_->stream().lowest_layer().is_open(); }

  template <typename... Arguments>
  void cancel(Arguments&&... arguments) {
    lowest_layer().cancel(std::forward<Arguments>(arguments)...);
  }
  template <typename... Arguments>
  void shutdown(Arguments&&... arguments) {
    connection_->SayGoodbye();
    lowest_layer().shutdown(std::forward<Arguments>(arguments)...);
  }
  void close() { connection_->Close(); }

  template <typename Handler>
  void async_read_some(asio::mutable_buffer buffer, Handler handler) {
    connection_->Read(buffer, std::move(handler));
  }
  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return connection_->stream().async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  std::shared_ptr<TlsConnection> connection_;
};

// What RESTinio calls, found by the type of the socket.
template <typename Connection, typename Start, typename Failed>
void prepare_connection_and_start_read(RestinioSocket& socket, Connection& connection, Start start,
                                       Failed failed) {
  socket.connection().Handshake(
      [keep = connection.shared_from_this(), start, failed](const asio::error_code& error) {
        if (error) {
          failed(error);
        } else {
          start();
        }
      });
}
inline restinio::impl::tls_socket_t* make_tls_socket_pointer_for_state_listener(RestinioSocket&) {
  return nullptr;
}

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_RESTINIO_SOCKET_H_
