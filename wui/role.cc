#include "wui/role.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

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

}  // namespace

bool WuiRole::Listens(const worker::v1::Listener& listener) const {
  const worker::v1::Listener& open = running_.metrics().listener();
  return metrics_ && open.address() == listener.address() && open.port() == listener.port();
}

Result<> WuiRole::Prepare(const worker::v1::Snapshot& snapshot) {
  prepared_.reset();
  if (!snapshot.has_wui()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-wui", "wui");
  }
  Prepared prepared{snapshot.wui(), {}, {}};
  const worker::v1::MetricsListener& metrics = prepared.snapshot.metrics();
  for (const std::string& network : metrics.allow_from()) {
    if (auto added = prepared.allow_from.Add(network); !added) return added;
  }
  if (prepared.snapshot.has_metrics() && !Listens(metrics.listener())) {
    const worker::v1::Listener& wanted = metrics.listener();
    prepared.listener = context_.descriptors.TakeListener(wanted.address(), wanted.port());
    if (!prepared.listener || !IsTcpListener(prepared.listener.get())) {
      return Fail(
          Code::kFailedPrecondition,
          fmt::format("no listening socket for {}:{} arrived", wanted.address(), wanted.port()),
          "wui.metrics.listener");
    }
  }
  prepared_ = std::move(prepared);
  return {};
}

void WuiRole::Commit() {
  if (!prepared_->snapshot.has_metrics()) {
    metrics_.reset();
  } else if (prepared_->listener) {
    metrics_ = std::make_unique<HttpServer>(
        context_.loop, std::move(prepared_->listener), std::move(prepared_->allow_from),
        [this](const std::string& path, const HttpServer::Reply& reply) { Serve(path, reply); });
  } else {
    metrics_->SetAllowFrom(std::move(prepared_->allow_from));
  }
  running_ = std::move(prepared_->snapshot);
  prepared_.reset();
}

void WuiRole::Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) {
  metrics_.reset();
  done(0);
}

void WuiRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "supervisor") collector_.SetChannel(std::move(socket));
}

std::vector<NamedDescriptor> WuiRole::Keepsakes() {
  if (!metrics_) return {};
  const worker::v1::Listener& listener = running_.metrics().listener();
  return {{NameListener(listener.address(), listener.port()), metrics_->listener()}};
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
