#include "workers/health/tcp_probe.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace aloha::health {
namespace {

// What this machine lacks says nothing about the server.
bool IsLocal(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == EADDRNOTAVAIL;
}

std::string LocalText(int error) {
  if (error == EMFILE || error == ENFILE) return "cannot probe: no descriptor";
  if (error == EADDRNOTAVAIL) return "cannot probe: no local port";
  return "cannot probe: no memory for a socket";
}

}  // namespace

TcpProbe::TcpProbe(ProbeResources& resources, const CheckSpec& spec,
                   std::function<void(const ProbeResult&)> done)
    : resources_(resources),
      endpoint_(spec.endpoint),
      done_(std::move(done)),
      dialogue_(MakeDialogue(spec.config)),
      socket_(resources.loop) {
  if (spec.config.has_tls()) tls_.emplace(resources.tls, spec.config.tls().server_name());
}

void TcpProbe::Start() {
  ++serial_;
  connected_ = ready_ = false;
  received_ = 0;
  verdict_ = dialogue_->Begin();
  if (Connect()) Progress();
}

std::string TcpProbe::Cancel() {
  ++serial_;
  Close();
  return fmt::format("no {}", Awaited());
}

bool TcpProbe::Connect() {
  asio::error_code error;
  socket_.open(endpoint_.protocol(), error);
  if (!error) socket_.native_non_blocking(true, error);
  if (!error) {
    if (connect(socket_.native_handle(), endpoint_.data(),
                static_cast<socklen_t>(endpoint_.size())) == 0 ||
        errno == EINPROGRESS) {
      return true;
    }
    error.assign(errno, asio::system_category());
  }
  if (IsLocal(error.value())) {
    Finish(Outcome::kNotProbed, LocalText(error.value()));
  } else {
    Finish(Outcome::kFailure, ErrnoText(error.value()));
  }
  return false;
}

void TcpProbe::Progress() {
  while (true) {
    const IoResult step = Step();
    if (step.io == Io::kFailed || step.io == Io::kClosed) return EndByIo(step);
    if (ready_ && dialogue_->output().empty() && verdict_ != Verdict::kMore) {
      const bool success = verdict_ == Verdict::kSuccess;
      return Finish(success ? Outcome::kSuccess : Outcome::kFailure, dialogue_->reason());
    }
    if (step.io != Io::kDone) return Await(step.io);
  }
}

IoResult TcpProbe::Step() {
  if (tls_ && !connected_) return BeginTls();
  if (tls_ && !ready_) {
    IoResult result = tls_->Handshake();
    ready_ = result.io == Io::kDone;
    return result;
  }
  if (!ready_ || !dialogue_->output().empty()) return SendOutput();
  return Receive();
}

IoResult TcpProbe::BeginTls() {
  const int fd = socket_.native_handle();
  IoResult result = SendPlain(fd, {});
  if (result.io != Io::kDone) return result;
  connected_ = true;
  if (const Result<> begun = tls_->Begin(fd); !begun) {
    return {Io::kFailed, 0, begun.error().message};
  }
  return result;
}

// On a plain connection this is also what finds out that it stands; without output it sends
// nothing.
IoResult TcpProbe::SendOutput() {
  const IoResult result = tls_ ? tls_->Send(dialogue_->output())
                               : SendPlain(socket_.native_handle(), dialogue_->output());
  if (result.io != Io::kDone) return result;
  connected_ = ready_ = true;
  dialogue_->Sent(result.bytes);
  // TLS may hold bytes already; on a plain connection a read at once would find nothing.
  return {dialogue_->output().empty() && !tls_ ? Io::kWaitRead : Io::kDone};
}

IoResult TcpProbe::Receive() {
  const std::span<char> buffer(resources_.buffer);
  const IoResult result =
      tls_ ? tls_->Receive(buffer) : ReceivePlain(socket_.native_handle(), buffer);
  if (result.io == Io::kClosed) {
    verdict_ = dialogue_->Closed();
    return {};
  }
  if (result.io != Io::kDone) return result;
  received_ += result.bytes;
  verdict_ = dialogue_->Feed({buffer.data(), result.bytes});
  if (verdict_ == Verdict::kMore && received_ >= kMaxReceived) {
    return {Io::kFailed, 0, fmt::format("answer is longer than {} KiB", kMaxReceived / 1024)};
  }
  return {dialogue_->output().empty() && !tls_ ? Io::kWaitRead : Io::kDone};
}

void TcpProbe::Await(Io io) {
  const auto what =
      io == Io::kWaitRead ? asio::ip::tcp::socket::wait_read : asio::ip::tcp::socket::wait_write;
  socket_.async_wait(what, [self = shared_from_this(), serial = serial_](const asio::error_code&) {
    if (self->serial_ == serial) self->Progress();
  });
}

void TcpProbe::EndByIo(const IoResult& result) {
  std::string reason = result.io == Io::kClosed ? "connection closed" : result.error;
  if (connected_ && reason.starts_with("connection")) {
    reason += fmt::format(" before the {}", Awaited());
  }
  Finish(Outcome::kFailure, std::move(reason));
}

std::string_view TcpProbe::Awaited() const {
  if (!connected_) return "connection";
  return ready_ ? dialogue_->awaited() : "end of the TLS handshake";
}

void TcpProbe::Close() {
  if (!socket_.is_open()) return;
  if (tls_) tls_->End();
  const linger reset{1, 0};
  setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  asio::error_code ignored;
  socket_.close(ignored);
}

void TcpProbe::Finish(Outcome outcome, std::string reason) {
  ++serial_;
  Close();
  done_({outcome, std::move(reason)});
}

}  // namespace aloha::health
