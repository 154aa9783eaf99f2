#include "wui/role.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "wui/server/tls_connection.h"

namespace aloha::wui {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";

bool IsTcpListener(int fd) {
  int listens = 0, protocol = 0;
  socklen_t length = sizeof(int);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens == 1 &&
         getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
         protocol == IPPROTO_TCP;
}

std::shared_ptr<grpc::Channel> MakeChannel(UniqueFd socket) {
  fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  return grpc::CreateInsecureChannelFromFd("supervisor", socket.release());
}

}  // namespace

WuiRole::WuiRole(WorkerContext context, Surroundings surroundings)
    : context_(context),
      surroundings_(std::move(surroundings)),
      collector_(context.loop),
      backend_(context.loop),
      keys_(std::make_shared<KeyLink>(context.loop, context.log)) {}

template <typename Listener>
Result<WuiRole::Prepared> WuiRole::PrepareListener(const Listener& wanted,
                                                   const worker::v1::Listener* open,
                                                   const std::string& field) {
  Prepared prepared;
  for (const std::string& network : wanted.allow_from()) {
    if (auto added = prepared.allow_from.Add(network); !added)
      return tl::make_unexpected(added.error());
  }
  const worker::v1::Listener& listener = wanted.listener();
  if (open != nullptr && open->address() == listener.address() && open->port() == listener.port())
    return prepared;
  prepared.listener = context_.descriptors.TakeListener(listener.address(), listener.port());
  if (!prepared.listener || !IsTcpListener(prepared.listener.get())) {
    return Fail(
        Code::kFailedPrecondition,
        fmt::format("no listening socket for {}:{} arrived", listener.address(), listener.port()),
        field + ".listener");
  }
  return prepared;
}

Result<> WuiRole::Prepare(const worker::v1::Snapshot& snapshot) {
  prepared_.reset();
  if (!snapshot.has_wui()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-wui", "wui");
  }
  PreparedAll prepared;
  prepared.snapshot = snapshot.wui();
  if (prepared.snapshot.has_metrics()) {
    auto metrics =
        PrepareListener(prepared.snapshot.metrics(),
                        metrics_ ? &running_.metrics().listener() : nullptr, "wui.metrics");
    if (!metrics) return tl::make_unexpected(metrics.error());
    prepared.metrics = std::move(*metrics);
  }
  if (prepared.snapshot.has_web()) {
    const worker::v1::WebListener& wanted = prepared.snapshot.web();
    auto tls =
        MakeTlsSettings(wanted.certificate(), TlsConnection::kKeyMethod, "wui.web.certificate");
    if (!tls) return tl::make_unexpected(tls.error());
    prepared.tls = std::move(*tls);
    auto web = PrepareListener(wanted, web_ ? &running_.web().listener() : nullptr, "wui.web");
    if (!web) return tl::make_unexpected(web.error());
    prepared.web = std::move(*web);
  }
  prepared_ = std::move(prepared);
  return {};
}

void WuiRole::Commit() {
  CommitMetrics();
  CommitWeb();
  running_ = std::move(prepared_->snapshot);
  prepared_.reset();
}

void WuiRole::CommitMetrics() {
  Prepared& prepared = prepared_->metrics;
  if (!prepared_->snapshot.has_metrics()) {
    metrics_.reset();
  } else if (prepared.listener) {
    metrics_ = std::make_unique<HttpServer>(
        context_.loop, std::move(prepared.listener), std::move(prepared.allow_from),
        [this](const std::string& path, const HttpServer::Reply& reply) { Serve(path, reply); });
  } else {
    metrics_->SetAllowFrom(std::move(prepared.allow_from));
  }
}

void WuiRole::CommitWeb() {
  Prepared& prepared = prepared_->web;
  if (!prepared_->snapshot.has_web()) {
    web_.reset();
  } else if (prepared.listener) {
    if (!surroundings_.files_problem.empty()) {
      context_.log.Warning("the pages of the web interface are not served: " +
                           surroundings_.files_problem);
    }
    web_ = std::make_unique<WebServer>(
        WebServer::Parts{context_.loop, keys_, backend_, surroundings_.files,
                         surroundings_.machine_name},
        std::move(prepared.listener), std::move(prepared.allow_from), std::move(prepared_->tls));
  } else {
    web_->SetAllowFrom(std::move(prepared.allow_from));
    web_->SetTls(std::move(prepared_->tls));
  }
}

void WuiRole::Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) {
  metrics_.reset();
  web_.reset();
  done(0);
}

void WuiRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "keys") return keys_->Use(std::move(socket));
  if (role != "supervisor") return;
  // Metrics and browsers' calls share it.
  const auto channel = MakeChannel(std::move(socket));
  collector_.SetChannel(channel);
  backend_.SetChannel(channel);
}

std::vector<NamedDescriptor> WuiRole::Keepsakes() {
  std::vector<NamedDescriptor> kept;
  const auto keep = [&](const worker::v1::Listener& listener, int descriptor) {
    kept.push_back({NameListener(listener.address(), listener.port()), descriptor});
  };
  if (metrics_) keep(running_.metrics().listener(), metrics_->listener());
  if (web_) keep(running_.web().listener(), web_->listener());
  return kept;
}

void WuiRole::Serve(const std::string& path, const HttpServer::Reply& reply) {
  if (path == "/healthz") return reply({200, kText, "ok\n"});
  if (path != "/metrics") return reply({404, kText, "not found\n"});
  collector_.Collect([reply](const Result<std::string>& metrics) {
    if (metrics) return reply({200, kExposition, *metrics});
    reply({503, kText,
           fmt::format("the supervisor does not answer: {}\n",
                       EscapeForLog(metrics.error().message))});
  });
}

}  // namespace aloha::wui
