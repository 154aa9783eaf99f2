#include "wui/server/web_server.h"

#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "wui/acceptor.h"
#include "wui/server/client_table.h"
#include "wui/server/methods.h"
#include "wui/server/requests.h"
#include "wui/server/restinio_socket.h"

namespace aloha::wui {
namespace {

using std::chrono::steady_clock;

// The table of clients bounds what comes before an answer; these are for what it does not see.
constexpr std::chrono::seconds kReadTime{120};
constexpr std::chrono::hours kHandleTime{25};   // calls have deadlines of their own
constexpr std::chrono::seconds kWriteTime{20};  // of one piece of an answer
constexpr std::chrono::seconds kSweep{1};
constexpr size_t kReadBytes = 4'096;
constexpr size_t kMaxFieldName = 256;
constexpr size_t kMaxFields = 2 * FramingGuard::kMaxLines;

using Traits = restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t,
                                  restinio::default_request_handler_t, restinio::noop_strand_t,
                                  RestinioSocket>;
using Settings = restinio::server_settings_t<Traits>;
using Connections = restinio::impl::connection_factory_t<Traits>;
using ConnectionSettings = restinio::impl::connection_settings_t<Traits>;
using Lifetime = restinio::connection_count_limit_types<Traits>::lifetime_monitor_t;

}  // namespace

class WebServer::Impl : public std::enable_shared_from_this<WebServer::Impl> {
 public:
  Impl(Parts parts, std::shared_ptr<const TlsSettings> settings)
      : parts_(std::move(parts)), settings_(std::move(settings)), sweep_(parts_.loop) {}

  void Start(UniqueFd listener, net::Networks allow_from) {
    const std::weak_ptr<Impl> weak = weak_from_this();
    shared_->keys = parts_.keys;
    shared_->gone = [weak](ClientTable::Id id) {
      if (const auto self = weak.lock()) self->Forget(id);
    };
    MakeConnections();
    acceptor_.emplace(
        parts_.loop, std::move(listener), std::move(allow_from),
        Acceptor::Hooks{.has_room = [] { return true; },
                        .take =
                            [weak](asio::ip::tcp::socket socket, const net::Address& client) {
                              if (const auto self = weak.lock())
                                self->Take(std::move(socket), client);
                            }});
    Sweep();
  }

  // Connections that are there go on, and so does what they need of this.
  void Stop() { acceptor_.reset(); }

  Acceptor& acceptor() { return *acceptor_; }
  void SetTls(std::shared_ptr<const TlsSettings> settings) { settings_ = std::move(settings); }

 private:
  void MakeConnections();
  void Take(asio::ip::tcp::socket socket, const net::Address& client);
  void Close(ClientTable::Id id);
  void Forget(ClientTable::Id id);
  void Sweep();
  restinio::request_handling_status_t Serve(const restinio::request_handle_t& request);

  const Parts parts_;
  std::shared_ptr<const TlsSettings> settings_;
  const Methods methods_;
  const std::shared_ptr<TlsConnection::Shared> shared_ = std::make_shared<TlsConnection::Shared>();
  std::optional<Connections> connections_;
  struct Place {
    std::weak_ptr<TlsConnection> tls;
    restinio::connection_id_t http_id;  // RESTinio's
  };
  std::map<ClientTable::Id, Place> by_id_;
  std::map<restinio::connection_id_t, std::weak_ptr<TlsConnection>> by_http_id_;
  std::optional<Acceptor> acceptor_;
  asio::steady_timer sweep_;
};

void WebServer::Impl::MakeConnections() {
  Settings settings;
  settings.buffer_size(kReadBytes)
      .read_next_http_message_timelimit(kReadTime)
      .handle_request_timeout(kHandleTime)
      .write_http_response_timelimit(kWriteTime)
      .max_pipelined_requests(1)
      .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                    .max_url_size(FramingGuard::kMaxHead)
                                    .max_field_name_size(kMaxFieldName)
                                    .max_field_value_size(FramingGuard::kMaxHead)
                                    .max_field_count(kMaxFields)
                                    .max_body_size(FramingGuard::kMaxBody))
      .request_handler([weak = weak_from_this()](const restinio::request_handle_t& request) {
        const auto self = weak.lock();
        if (self) return self->Serve(request);
        // The listener is no more: the client has to come again, by another connection.
        return request->create_response(restinio::status_service_unavailable())
            .connection_close()
            .done();
      });
  auto timers = settings.timer_factory()->create(parts_.loop);
  auto socket_options = settings.socket_options_setter();
  auto connection_settings = std::make_shared<ConnectionSettings>(
      std::move(settings),
      restinio::impl::create_parser_settings<typename Traits::http_methods_mapper_t>(),
      std::move(timers));
  connections_.emplace(std::move(connection_settings), std::move(socket_options));
}

void WebServer::Impl::Take(asio::ip::tcp::socket socket, const net::Address& client) {
  const auto admission = shared_->table.Admit(client.ip, steady_clock::now());
  if (!admission) return;
  if (admission->leaves) Close(*admission->leaves);
  // RESTinio throws where a connection broke already.
  try {
    socket.set_option(asio::socket_base::keep_alive(true));
    socket.set_option(asio::ip::tcp::no_delay(true));
    const auto endpoint = socket.remote_endpoint();
    const auto tls = std::make_shared<TlsConnection>(std::move(socket), settings_, shared_,
                                                     admission->id, client);
    const auto connection =
        connections_->create_new_connection(RestinioSocket(tls), endpoint, Lifetime(nullptr));
    by_id_[admission->id] = {tls, connection->connection_id()};
    by_http_id_[connection->connection_id()] = tls;
    connection->init();
  } catch (const std::exception&) {
    shared_->table.Remove(admission->id);
  }
}

void WebServer::Impl::Forget(ClientTable::Id id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  by_http_id_.erase(found->second.http_id);
  by_id_.erase(found);
}

void WebServer::Impl::Close(ClientTable::Id id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  if (const auto tls = found->second.tls.lock()) tls->Close();
}

void WebServer::Impl::Sweep() {
  sweep_.expires_after(kSweep);
  sweep_.async_wait([weak = weak_from_this()](const asio::error_code& stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    for (const ClientTable::Id id : self->shared_->table.TakeLate(steady_clock::now()))
      self->Close(id);
    self->Sweep();
  });
}

restinio::request_handling_status_t WebServer::Impl::Serve(
    const restinio::request_handle_t& request) {
  const auto found = by_http_id_.find(request->connection_id());
  const auto connection = found == by_http_id_.end() ? nullptr : found->second.lock();
  if (!connection) return restinio::request_rejected();
  AnswerRequest({methods_, parts_.backend, parts_.files, parts_.machine_name}, request, connection);
  return restinio::request_accepted();
}

WebServer::WebServer(Parts parts, UniqueFd listener, net::Networks allow_from,
                     std::shared_ptr<const TlsSettings> settings)
    : impl_(std::make_shared<Impl>(std::move(parts), std::move(settings))) {
  impl_->Start(std::move(listener), std::move(allow_from));
}

WebServer::~WebServer() { impl_->Stop(); }

void WebServer::SetAllowFrom(net::Networks allow_from) {
  impl_->acceptor().SetAllowFrom(std::move(allow_from));
}

void WebServer::SetTls(std::shared_ptr<const TlsSettings> settings) {
  impl_->SetTls(std::move(settings));
}

int WebServer::listener() const { return impl_->acceptor().listener(); }

}  // namespace aloha::wui
