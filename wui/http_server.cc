#include "wui/http_server.h"

#include <asio/ip/tcp.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "wui/acceptor.h"
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

// RESTinio without its acceptor, which takes no socket that listens already.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  explicit Impl(asio::io_context& loop) : loop_(loop) {}

  void Start(UniqueFd listener, net::Networks allow_from, Handler handler) {
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
    const std::weak_ptr<Impl> weak = weak_from_this();
    acceptor_.emplace(loop_, std::move(listener), std::move(allow_from),
                      Acceptor::Hooks{.has_room = [this] { return open_ < kMaxConnections; },
                                      .take =
                                          [weak](asio::ip::tcp::socket socket, const auto&) {
                                            if (const auto self = weak.lock())
                                              self->Take(std::move(socket));
                                          }});
  }

  void Stop() { acceptor_.reset(); }

  Acceptor& acceptor() { return *acceptor_; }

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

  void Take(asio::ip::tcp::socket socket) {
    // RESTinio throws where a connection broke already.
    try {
      const auto endpoint = socket.remote_endpoint();
      const auto connection =
          connections_->create_new_connection(std::move(socket), endpoint, Lifetime(nullptr));
      ++open_;
      connection->init();
    } catch (const std::exception&) {
    }
  }

  void ConnectionEnded() {
    --open_;
    if (acceptor_) acceptor_->Resume();
  }

  asio::io_context& loop_;
  std::optional<Connections> connections_;
  std::optional<Acceptor> acceptor_;
  int open_ = 0;
};

HttpServer::HttpServer(asio::io_context& loop, UniqueFd listener, net::Networks allow_from,
                       Handler handler)
    : impl_(std::make_shared<Impl>(loop)) {
  impl_->Start(std::move(listener), std::move(allow_from), std::move(handler));
}

HttpServer::~HttpServer() { impl_->Stop(); }

void HttpServer::SetAllowFrom(net::Networks allow_from) {
  impl_->acceptor().SetAllowFrom(std::move(allow_from));
}

int HttpServer::listener() const { return impl_->acceptor().listener(); }

}  // namespace aloha::wui
