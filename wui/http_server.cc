#include "wui/http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "workers/net/address.h"
#include "wui/restinio.h"

namespace aloha::wui {
namespace {

constexpr std::chrono::seconds kReadTime{30};  // of a whole request, waiting for it included
constexpr std::chrono::seconds kHandleTime{20};
constexpr std::chrono::seconds kWriteTime{10};
constexpr size_t kReadBytes = 4'096;
constexpr size_t kMaxUrl = 1'024;
constexpr size_t kMaxFieldName = 128;
constexpr size_t kMaxFieldValue = 2'048;
constexpr size_t kMaxFields = 48;
constexpr size_t kMaxBody = 1'024;

// Told by RESTinio of each connection that begins and ends.
class ConnectionCounter {
 public:
  explicit ConnectionCounter(std::function<void()> ended) : ended_(std::move(ended)) {}

  void state_changed(const restinio::connection_state::notice_t& notice) noexcept {
    if (std::holds_alternative<restinio::connection_state::closed_t>(notice.cause())) ended_();
  }

 private:
  const std::function<void()> ended_;
};

struct Traits : restinio::default_single_thread_traits_t {
  using connection_state_listener_t = ConnectionCounter;
};
using Settings = restinio::server_settings_t<Traits>;
using Connections = restinio::impl::connection_factory_t<Traits>;
using Lifetime = restinio::connection_count_limit_types<Traits>::lifetime_monitor_t;

// HEAD gets the head that GET would get (RFC 9110 section 9.3.2).
void Answer(const restinio::request_handle_t& request, const HttpAnswer& answer) {
  const bool head = request->header().method() == restinio::http_method_head();
  const auto status = answer.status == 200   ? restinio::status_ok()
                      : answer.status == 404 ? restinio::status_not_found()
                                             : restinio::status_service_unavailable();
  auto response = request->create_response<restinio::user_controlled_output_t>(status);
  response.append_header(restinio::http_field::content_type, answer.content_type);
  response.append_header(restinio::http_field::cache_control, "no-store");
  response.set_content_length(answer.body.size());
  if (!head) response.set_body(answer.body);
  response.done();
}

}  // namespace

// Accepts by itself, since RESTinio's acceptor takes no socket that listens already.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& loop, UniqueFd listener, net::Networks allow_from)
      : loop_(loop),
        listener_(loop, listener.release()),
        pause_(loop),
        allow_from_(std::move(allow_from)) {}

  void Start(Handler handler) {
    Settings settings;
    settings.buffer_size(kReadBytes)
        .read_next_http_message_timelimit(kReadTime)
        .handle_request_timeout(kHandleTime)
        .write_http_response_timelimit(kWriteTime)
        .max_pipelined_requests(1)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(kMaxUrl)
                                      .max_field_name_size(kMaxFieldName)
                                      .max_field_value_size(kMaxFieldValue)
                                      .max_field_count(kMaxFields)
                                      .max_body_size(kMaxBody))
        .connection_state_listener(
            std::make_shared<ConnectionCounter>([weak = weak_from_this()]() noexcept {
              if (const auto self = weak.lock()) self->ConnectionEnded();
            }))
        .request_handler([handler = std::move(handler)](const restinio::request_handle_t& request) {
          return Serve(handler, request);
        });
    auto timers = settings.timer_factory()->create(loop_);
    auto socket_options = settings.socket_options_setter();
    auto connection_settings = std::make_shared<restinio::impl::connection_settings_t<Traits>>(
        std::move(settings),
        restinio::impl::create_parser_settings<typename Traits::http_methods_mapper_t>(),
        std::move(timers));
    connections_.emplace(std::move(connection_settings), std::move(socket_options));
    Accept();
  }

  void Stop() {
    listener_.close();
    pause_.cancel();
  }

  void SetAllowFrom(net::Networks allow_from) { allow_from_ = std::move(allow_from); }
  int listener() { return listener_.native_handle(); }

 private:
  static restinio::request_handling_status_t Serve(const Handler& handler,
                                                   const restinio::request_handle_t& request) {
    const auto& method = request->header().method();
    if (method != restinio::http_method_get() && method != restinio::http_method_head()) {
      Answer(request, {404, "text/plain; charset=utf-8", "not found\n"});
    } else {
      handler(std::string(request->header().path()),
              [request](const HttpAnswer& answer) { Answer(request, answer); });
    }
    return restinio::request_accepted();
  }

  void Accept() {
    if (accepting_ || open_ >= kMaxConnections || !listener_.is_open()) return;
    accepting_ = true;
    listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const asio::error_code& error) {
                           self->accepting_ = false;
                           if (!error) self->AcceptOne();
                         });
  }

  void AcceptOne() {
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    UniqueFd socket(accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
      // The connection still waits, and asking again at once would only burn time.
      pause_.expires_after(std::chrono::milliseconds(100));
      return pause_.async_wait([self = shared_from_this()](const asio::error_code& stopped) {
        if (!stopped) self->Accept();
      });
    }
    if (socket) Take(std::move(socket), peer);
    Accept();
  }

  void Take(UniqueFd socket, const sockaddr_storage& peer) {
    const net::Address client = net::Address::FromSockaddr(peer);
    if (!allow_from_.empty() && !allow_from_.Contains(client.ip)) return;
    const auto protocol = peer.ss_family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
    asio::ip::tcp::socket stream(loop_);
    asio::error_code failed;
    stream.assign(protocol, socket.get(), failed);
    if (failed) return;
    (void)socket.release();
    // RESTinio throws where a connection broke already.
    try {
      const auto endpoint = stream.remote_endpoint();
      const auto connection =
          connections_->create_new_connection(std::move(stream), endpoint, Lifetime(nullptr));
      ++open_;
      connection->init();
    } catch (const std::exception&) {
    }
  }

  void ConnectionEnded() {
    --open_;
    Accept();
  }

  asio::io_context& loop_;
  asio::posix::stream_descriptor listener_;
  asio::steady_timer pause_;
  net::Networks allow_from_;
  std::optional<Connections> connections_;
  int open_ = 0;
  bool accepting_ = false;
};

HttpServer::HttpServer(asio::io_context& loop, UniqueFd listener, net::Networks allow_from,
                       Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(allow_from))) {
  impl_->Start(std::move(handler));
}

HttpServer::~HttpServer() { impl_->Stop(); }

void HttpServer::SetAllowFrom(net::Networks allow_from) {
  impl_->SetAllowFrom(std::move(allow_from));
}

int HttpServer::listener() const { return impl_->listener(); }

}  // namespace aloha::wui
