#include "wui/server/tls_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/ssl/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "wui/server/answers.h"

namespace aloha::wui {
namespace {

// Not the app data: that is Asio's own.
int ExIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Who sends a request that is refused may go on sending it; the answer must arrive before that
// resets the connection.
constexpr std::chrono::seconds kLinger{1};

}  // namespace

const SSL_PRIVATE_KEY_METHOD TlsConnection::kKeyMethod = {
    .sign =
        [](SSL* ssl, uint8_t*, size_t*, size_t, uint16_t scheme, const uint8_t* in, size_t in_len) {
          return Of(ssl).BeginSigning(scheme, {reinterpret_cast<const char*>(in), in_len});
        },
    // Static RSA, which is not offered. The library calls it all the same when a client offers
    // nothing else, so there must be one.
    .decrypt = [](SSL*, uint8_t*, size_t*, size_t, const uint8_t*,
                  size_t) { return ssl_private_key_failure; },
    .complete = [](SSL* ssl, uint8_t* out, size_t* out_len,
                   size_t max_out) { return Of(ssl).EndSigning(out, out_len, max_out); },
};

TlsConnection& TlsConnection::Of(SSL* ssl) {
  return *static_cast<TlsConnection*>(SSL_get_ex_data(ssl, ExIndex()));
}

TlsConnection::TlsConnection(asio::ip::tcp::socket socket,
                             std::shared_ptr<const TlsSettings> settings,
                             std::shared_ptr<Shared> shared, ClientTable::Id id,
                             const net::Address& client)
    : settings_(std::move(settings)),
      shared_(std::move(shared)),
      id_(id),
      client_(client),
      stream_(std::move(socket), *settings_->context) {
  SSL_set_ex_data(stream_.native_handle(), ExIndex(), this);
}

TlsConnection::~TlsConnection() {
  if (signing_ == Signing::kAsked) shared_->keys->Forget(request_);
  shared_->table.Remove(id_);
  shared_->gone(id_);
}

void TlsConnection::Handshake(std::function<void(const asio::error_code&)> done) {
  shaken_ = std::move(done);
  stream_.async_handshake(
      asio::ssl::stream_base::server,
      [self = shared_from_this()](const asio::error_code& error) { self->OnHandshake(error); });
}

// Asio takes the library's wait for a signature for a failure; the handshake goes on from where it
// is when it is begun again.
void TlsConnection::OnHandshake(const asio::error_code& error) {
  if (error == asio::ssl::error::unexpected_result && signing_ == Signing::kAsked) return;
  if (!error) Enter(ClientTable::Phase::kIdle);
  const auto done = std::exchange(shaken_, {});
  if (done) done(error);
}

ssl_private_key_result_t TlsConnection::BeginSigning(uint16_t scheme, std::string_view message) {
  signing_ = Signing::kAsked;
  request_ = shared_->keys->Sign(
      settings_->key, scheme, message, [weak = weak_from_this()](Result<std::string> signature) {
        const auto self = weak.lock();
        if (!self) return;
        self->signing_ = signature ? Signing::kSigned : Signing::kRefused;
        if (signature) self->signature_ = std::move(*signature);
        if (self->shaken_) self->Handshake(std::move(self->shaken_));
      });
  return ssl_private_key_retry;
}

ssl_private_key_result_t TlsConnection::EndSigning(uint8_t* out, size_t* out_len, size_t max_out) {
  if (signing_ == Signing::kAsked) return ssl_private_key_retry;
  const bool signed_well = signing_ == Signing::kSigned && signature_.size() <= max_out;
  signing_ = Signing::kIdle;
  if (!signed_well) return ssl_private_key_failure;
  std::copy(signature_.begin(), signature_.end(), out);
  *out_len = signature_.size();
  return ssl_private_key_success;
}

void TlsConnection::Enter(ClientTable::Phase phase) {
  shared_->table.Enter(id_, phase, std::chrono::steady_clock::now());
}

void TlsConnection::Answering(bool call) {
  Enter(call ? ClientTable::Phase::kCall : ClientTable::Phase::kSending);
}

// The alert goes out as far as the socket has room now; nobody waits for the browser's.
void TlsConnection::SayGoodbye() {
  const bool established = SSL_is_init_finished(stream_.native_handle()) == 1;
  if (std::exchange(said_goodbye_, true) || !established) return;
  stream_.async_shutdown([self = shared_from_this()](const asio::error_code&) {});
}

void TlsConnection::Close() {
  // While a signature is waited for, nothing else would tell.
  const auto shaken = signing_ == Signing::kAsked ? std::exchange(shaken_, {}) : nullptr;
  SayGoodbye();
  asio::error_code ignored;
  stream_.lowest_layer().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.lowest_layer().close(ignored);
  if (shaken) shaken(asio::error::make_error_code(asio::error::connection_aborted));
}

void TlsConnection::Read(asio::mutable_buffer to, OnBytes done) {
  if (guard_.state() == FramingGuard::State::kBetween) Enter(ClientTable::Phase::kIdle);
  watcher_ = {};
  to_ = to;
  reader_ = std::move(done);
  if (ahead_used_ < ahead_size_ || ended_) {
    return asio::post(stream_.get_executor(), [self = shared_from_this()] { self->Deliver(); });
  }
  Fill();
}

void TlsConnection::Watch(std::function<void()> ended) {
  watcher_ = std::move(ended);
  if (!watcher_) return;
  // Bytes that came already are the next request's: then no more are read.
  if (ahead_used_ == ahead_size_ && !ended_) Fill();
}

void TlsConnection::Fill() {
  if (filling_) return;
  filling_ = true;
  ahead_size_ = ahead_used_ = 0;
  stream_.async_read_some(asio::buffer(ahead_),
                          [self = shared_from_this()](const asio::error_code& error, size_t count) {
                            self->OnFilled(error, count);
                          });
}

void TlsConnection::OnFilled(const asio::error_code& error, size_t count) {
  filling_ = false;
  ahead_size_ = count;
  ended_ = error;
  if (reader_) return Deliver();
  if (!error) return;
  const auto watcher = std::exchange(watcher_, {});
  if (watcher) watcher();
}

void TlsConnection::Deliver() {
  if (!reader_) return;
  OnBytes reader = std::exchange(reader_, {});
  const size_t count = std::min(to_.size(), ahead_size_ - ahead_used_);
  if (count == 0) return reader(ended_, 0);
  const std::string_view bytes(ahead_.data() + ahead_used_, count);
  const uint64_t before = guard_.requests();
  switch (guard_.Take(bytes)) {
    case FramingGuard::State::kRefused:
      return Refuse(std::move(reader));
    case FramingGuard::State::kBody:
      if (guard_.requests() == before) Enter(ClientTable::Phase::kBody);
      break;
    case FramingGuard::State::kHead:
      if (guard_.requests() == before) Enter(ClientTable::Phase::kHead);
      break;
    case FramingGuard::State::kBetween:
      break;
  }
  std::memcpy(to_.data(), bytes.data(), count);
  ahead_used_ += count;
  reader(asio::error_code(), count);
}

void TlsConnection::Refuse(OnBytes done) {
  Enter(ClientTable::Phase::kHead);  // it ends soon, with the time for one
  refusal_ = RefusalText(guard_.status(), guard_.reason());
  asio::async_write(
      stream_, asio::buffer(refusal_),
      [self = shared_from_this(), done = std::move(done)](const asio::error_code&, size_t) {
        self->SayGoodbye();
        asio::error_code ignored;
        self->stream_.lowest_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        const auto timer =
            std::make_shared<asio::steady_timer>(self->stream_.get_executor(), kLinger);
        timer->async_wait([self, timer, done](const asio::error_code&) {
          done(asio::error::make_error_code(asio::error::connection_aborted), 0);
        });
      });
}

}  // namespace aloha::wui
