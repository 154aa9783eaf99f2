#include "tests/unit/net/tls_peer.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

bssl::UniquePtr<EVP_PKEY> MakeKey(bool rsa) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (rsa) {
    bssl::UniquePtr<RSA> numbers(RSA_new());
    bssl::UniquePtr<BIGNUM> e(BN_new());
    EXPECT_TRUE(BN_set_word(e.get(), RSA_F4));
    EXPECT_TRUE(RSA_generate_key_ex(numbers.get(), 2048, e.get(), nullptr));
    EXPECT_TRUE(EVP_PKEY_set1_RSA(key.get(), numbers.get()));
  } else {
    bssl::UniquePtr<EC_KEY> point(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    EXPECT_TRUE(EC_KEY_generate_key(point.get()));
    EXPECT_TRUE(EVP_PKEY_set1_EC_KEY(key.get(), point.get()));
  }
  return key;
}

void UseNewCertificate(SSL_CTX* context, EVP_PKEY* key) {
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  EXPECT_TRUE(X509_sign(certificate.get(), key, EVP_sha256()));
  EXPECT_TRUE(SSL_CTX_use_certificate(context, certificate.get()));
  EXPECT_TRUE(SSL_CTX_use_PrivateKey(context, key));
}

bool IsRsa(const TlsKind& kind) {
  return TlsCipherName(kind.cipher).find("_RSA_") != std::string_view::npos;
}

// Moves what one side wrote to where the other reads.
void Move(SSL* from, SSL* to) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  BIO_mem_contents(SSL_get_wbio(from), &bytes, &size);
  BIO_write(SSL_get_rbio(to), bytes, static_cast<int>(size));
  BIO_reset(SSL_get_wbio(from));
}

}  // namespace

bool TlsPeer::CanNegotiate(const TlsKind& kind) {
  return kind.version != TLS1_3_VERSION ||
         kind.cipher == (EVP_has_aes_hardware() ? 0x1301 : 0x1303);
}

TlsPeer::TlsPeer(const TlsKind& kind, bool client)
    : kind_(kind), client_(client), context_(SSL_CTX_new(TLS_method())) {
  static EVP_PKEY* const rsa = MakeKey(true).release();
  static EVP_PKEY* const ec = MakeKey(false).release();
  UseNewCertificate(context_.get(), IsRsa(kind) ? rsa : ec);
  EXPECT_TRUE(SSL_CTX_set_min_proto_version(context_.get(), kind.version));
  EXPECT_TRUE(SSL_CTX_set_max_proto_version(context_.get(), kind.version));
  if (kind.version != TLS1_3_VERSION) {
    const SSL_CIPHER* const cipher = SSL_get_cipher_by_value(kind.cipher);
    EXPECT_TRUE(SSL_CTX_set_strict_cipher_list(context_.get(), SSL_CIPHER_get_name(cipher)));
  }
  for (bssl::UniquePtr<SSL>* const ssl : {&client_ssl_, &server_ssl_}) {
    ssl->reset(SSL_new(context_.get()));
    SSL_set_bio(ssl->get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  SSL_set_connect_state(client_ssl_.get());
  SSL_set_accept_state(server_ssl_.get());
}

bool TlsPeer::Handshake() {
  bool done = false;
  for (int i = 0; i < 10 && !done; ++i) {
    const int client = SSL_do_handshake(client_ssl_.get());
    Move(client_ssl_.get(), server_ssl_.get());
    const int server = SSL_do_handshake(server_ssl_.get());
    if (client == 1 && server == 1) {
      SSL_write(server_ssl_.get(), "", 0);  // lets its tickets go
      done = true;
    }
    Move(server_ssl_.get(), client_ssl_.get());
  }
  if (client_) {
    // Those tickets are for the side that is taken over: hand them out as sent.
    const uint8_t* bytes = nullptr;
    size_t size = 0;
    BIO_mem_contents(SSL_get_rbio(client_ssl_.get()), &bytes, &size);
    BIO_write(SSL_get_wbio(server_ssl_.get()), bytes, static_cast<int>(size));
  }
  return done && SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ours())) == kind_.cipher;
}

handoff::v1::TrafficKeys TlsPeer::Keys() const {
  handoff::v1::TrafficKeys keys;
  keys.set_version(SSL_version(ours()));
  keys.set_cipher(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ours())));
  keys.set_client(client_);
  keys.set_read_sequence(SSL_get_read_sequence(ours()));
  keys.set_write_sequence(SSL_get_write_sequence(ours()));
  if (kind_.version == TLS1_3_VERSION) {
    bssl::Span<const uint8_t> read, write;
    EXPECT_TRUE(bssl::SSL_get_traffic_secrets(ours(), &read, &write));
    keys.set_read_secret(read.data(), read.size());
    keys.set_write_secret(write.data(), write.size());
    return keys;
  }
  std::string block(SSL_get_key_block_len(ours()), '\0');
  EXPECT_TRUE(
      SSL_generate_key_block(ours(), reinterpret_cast<uint8_t*>(block.data()), block.size()));
  keys.set_key_block(block);
  const uint8_t *read = nullptr, *write = nullptr;
  size_t size = 0;
  if (FindTlsSuite(kind_.cipher, kind_.version)->chained()) {
    EXPECT_TRUE(SSL_get_ivs(ours(), &read, &write, &size));
    keys.set_read_iv(read, size);
    keys.set_write_iv(write, size);
  }
  return keys;
}

std::string TlsPeer::Read(std::string_view wire) {
  BIO_write(SSL_get_rbio(theirs()), wire.data(), static_cast<int>(wire.size()));
  std::string text;
  char buffer[16384];
  int got = 0;
  while ((got = SSL_read(theirs(), buffer, sizeof buffer)) > 0) text.append(buffer, got);
  const int error = SSL_get_error(theirs(), got);
  failed_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN;
  return text;
}

void TlsPeer::Write(std::string_view text) {
  EXPECT_EQ(SSL_write(theirs(), text.data(), static_cast<int>(text.size())),
            static_cast<int>(text.size()));
}

void TlsPeer::Close() { SSL_shutdown(theirs()); }

bool TlsPeer::UpdateKey(bool asks) {
  return SSL_key_update(theirs(), asks ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
}

std::string TlsPeer::Sent() {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  BIO_mem_contents(SSL_get_wbio(theirs()), &bytes, &size);
  std::string sent(reinterpret_cast<const char*>(bytes), size);
  BIO_reset(SSL_get_wbio(theirs()));
  return sent;
}

bool TlsPeer::closed() const { return (SSL_get_shutdown(theirs()) & SSL_RECEIVED_SHUTDOWN) != 0; }

}  // namespace aloha::net
