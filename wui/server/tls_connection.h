// One TLS connection with a browser: its handshake, for which aloha-keys signs, then its bytes, on
// which the framing guard keeps an eye. What RESTinio uses as a socket.
#ifndef ALOHA_WUI_SERVER_TLS_CONNECTION_H_
#define ALOHA_WUI_SERVER_TLS_CONNECTION_H_

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <string>

#include "workers/net/address.h"
#include "wui/server/client_table.h"
#include "wui/server/framing_guard.h"
#include "wui/server/key_link.h"
#include "wui/server/tls_settings.h"

namespace aloha::wui {

// Control thread.
class TlsConnection : public std::enable_shared_from_this<TlsConnection> {
 public:
  using Stream = asio::ssl::stream<asio::ip::tcp::socket>;
  using OnBytes = std::function<void(const asio::error_code& error, size_t count)>;

  // What connections have in common.
  struct Shared {
    std::shared_ptr<KeyLink> keys;
    ClientTable table;
    std::function<void(ClientTable::Id)> gone;  // called by each once, when it ends
  };

  // How the library asks for signatures; belongs into MakeTlsSettings.
  static const SSL_PRIVATE_KEY_METHOD kKeyMethod;

  // id: of the table, which it leaves when it goes.
  TlsConnection(asio::ip::tcp::socket socket, std::shared_ptr<const TlsSettings> settings,
                std::shared_ptr<Shared> shared, ClientTable::Id id, const net::Address& client);
  ~TlsConnection();

  void Handshake(std::function<void(const asio::error_code&)> done);
  // Reads what the guard lets through. What it refuses is answered here, and the connection ends.
  void Read(asio::mutable_buffer to, OnBytes done);
  // Reads ahead, so that `ended` is called when the browser goes while its call is being answered;
  // an empty one ends that.
  void Watch(std::function<void()> ended);
  // An answer begins: of a call, or of what needs none.
  void Answering(bool call);
  // Tells the browser that nothing more comes (close_notify), so that it need not suspect an
  // attack.
  void SayGoodbye();
  void Close();

  Stream& stream() { return stream_; }
  const net::Address& client() const { return client_; }
  const TlsSettings& settings() const { return *settings_; }

 private:
  static constexpr size_t kReadAhead = 4'096;

  static TlsConnection& Of(SSL* ssl);
  ssl_private_key_result_t BeginSigning(uint16_t scheme, std::string_view message);
  ssl_private_key_result_t EndSigning(uint8_t* out, size_t* out_len, size_t max_out);
  void OnHandshake(const asio::error_code& error);
  void Fill();
  void OnFilled(const asio::error_code& error, size_t count);
  void Deliver();
  void Enter(ClientTable::Phase phase);
  void Refuse(OnBytes done);

  const std::shared_ptr<const TlsSettings> settings_;
  const std::shared_ptr<Shared> shared_;
  const ClientTable::Id id_;
  const net::Address client_;
  Stream stream_;
  FramingGuard guard_;

  std::function<void(const asio::error_code&)> shaken_;
  enum class Signing { kIdle, kAsked, kSigned, kRefused } signing_ = Signing::kIdle;
  uint64_t request_ = 0;
  std::string signature_;

  std::array<char, kReadAhead> ahead_{};
  size_t ahead_size_ = 0, ahead_used_ = 0;
  bool filling_ = false;
  asio::error_code ended_;  // why nothing more can be read
  asio::mutable_buffer to_;
  OnBytes reader_;  // who waits for bytes
  std::function<void()> watcher_;
  bool said_goodbye_ = false;
  std::string refusal_;  // what is written before it ends
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_TLS_CONNECTION_H_
