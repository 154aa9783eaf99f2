// A real TLS connection in memory, of which the test takes over one side.
#ifndef ALOHA_TESTS_UNIT_NET_TLS_PEER_H_
#define ALOHA_TESTS_UNIT_NET_TLS_PEER_H_

#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "handoff/v1/handoff.pb.h"
#include "tests/unit/net/tls_records_support.h"

namespace aloha::net {

class TlsPeer {
 public:
  // BoringSSL leaves no choice among the suites of TLS 1.3 but whether AES is fast.
  static bool CanNegotiate(const TlsKind& kind);
  // Of the side that is taken over.
  TlsPeer(const TlsKind& kind, bool client);

  bool Handshake();
  // Of the side that is taken over. That side's object is of no use after it.
  handoff::v1::TrafficKeys Keys() const;

  // What the other side reads from these bytes.
  std::string Read(std::string_view wire);
  void Write(std::string_view text);
  void Close();
  bool UpdateKey(bool asks);
  // What the other side sent since the last call.
  std::string Sent();
  bool closed() const;  // it read close_notify
  bool failed() const { return failed_; }

 private:
  SSL* ours() const { return client_ ? client_ssl_.get() : server_ssl_.get(); }
  SSL* theirs() const { return client_ ? server_ssl_.get() : client_ssl_.get(); }

  const TlsKind kind_;
  const bool client_;
  bssl::UniquePtr<SSL_CTX> context_;
  bssl::UniquePtr<SSL> client_ssl_, server_ssl_;
  bool failed_ = false;
};

}  // namespace aloha::net

#endif  // ALOHA_TESTS_UNIT_NET_TLS_PEER_H_
