#include "workers/keys/node.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <utility>

#include "workers/keys/pairing_code.h"
#include "workers/node/node_certificate.h"

namespace aloha::keys {
namespace v1 = worker::v1;
namespace {

constexpr const char* kNodeFile = "node-key";
constexpr const char* kPeerFile = "paired-node";
constexpr size_t kSealHeader = crypto_box_NONCEBYTES;

uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }
const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

Node::Node(KeyStore& store, Log& log, Clock clock)
    : store_(store),
      log_(log),
      clock_(std::move(clock)),
      no_code_("no pairing code waits there; alohactl vrrp pair on that node makes one") {}

// The secrets of both keys, in the order node key (seed), box key.
Result<> Node::Load() {
  if (loaded_) return {};
  const Result<SecretBytes> kept = store_.LoadSecret(kNodeFile, Content::kNodeSecrets);
  if (!kept && kept.error().code != Code::kNotFound) return tl::make_unexpected(kept.error());
  SecretBytes secrets =
      kept ? *kept : SecretBytes(crypto_sign_SEEDBYTES + crypto_box_SECRETKEYBYTES);
  if (secrets.size() != crypto_sign_SEEDBYTES + crypto_box_SECRETKEYBYTES)
    return Fail(Code::kFailedPrecondition, "the key folder's file node-key is damaged");
  if (!kept) {
    randombytes_buf(secrets.data(), secrets.size());
    if (auto saved = store_.SaveSecret(kNodeFile, Content::kNodeSecrets, secrets); !saved)
      return saved;
  }
  sign_secret_.resize(crypto_sign_SECRETKEYBYTES);
  sign_public_.resize(crypto_sign_PUBLICKEYBYTES);
  box_public_.resize(crypto_box_PUBLICKEYBYTES);
  box_secret_.assign(secrets.begin() + crypto_sign_SEEDBYTES, secrets.end());
  if (crypto_sign_seed_keypair(Bytes(sign_public_), sign_secret_.data(), secrets.data()) != 0 ||
      crypto_scalarmult_base(Bytes(box_public_), box_secret_.data()) != 0)
    return Fail(Code::kInternal, "libsodium makes no keys");
  if (auto loaded = LoadPeer(); !loaded) return loaded;
  loaded_ = true;
  return {};
}

Result<> Node::LoadPeer() {
  const Result<SecretBytes> kept = store_.LoadSecret(kPeerFile, Content::kPeer);
  if (!kept && kept.error().code == Code::kNotFound) return {};
  if (!kept) return tl::make_unexpected(kept.error());
  v1::StoredPeer stored;
  if (!stored.ParseFromArray(kept->data(), static_cast<int>(kept->size())) ||
      stored.peer().node().node_key().size() != crypto_sign_PUBLICKEYBYTES ||
      stored.peer().node().box_key().size() != crypto_box_PUBLICKEYBYTES) {
    log_.Error("key folder: paired-node is damaged, and left alone; pair the nodes again");
    return {};
  }
  peer_ = stored.peer();
  return {};
}

v1::NodeIdentity Node::Self(const std::string& name) const {
  v1::NodeIdentity self;
  self.set_node_key(sign_public_);
  self.set_box_key(box_public_);
  self.set_name(name);
  return self;
}

Result<v1::GetNodeResponse> Node::Get() {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  v1::GetNodeResponse response;
  *response.mutable_self() = Self("");
  if (peer_) *response.mutable_peer() = *peer_;
  if (code_ && code_->expires_s > clock_()) response.set_code_expires_s(code_->expires_s);
  for (const auto& [reason, count] : refused_) (*response.mutable_refused_total())[reason] = count;
  return response;
}

Result<v1::CertifyTlsKeyResponse> Node::Certify(std::string_view public_key) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  node::NodeCertificate certificate;
  if (public_key.size() != certificate.tls_key.size() || public_key.front() != 4)
    return Fail(Code::kInvalidArgument, "not an uncompressed point of P-256", "public_key");
  std::copy(public_key.begin(), public_key.end(), certificate.tls_key.begin());
  std::copy(sign_public_.begin(), sign_public_.end(), certificate.node_key.begin());
  randombytes_buf(certificate.serial.data(), certificate.serial.size());
  certificate.serial[0] = static_cast<uint8_t>((certificate.serial[0] & 0x3f) | 0x40);
  certificate.not_before_s = clock_() - node::kClockTolerance.count();
  certificate.not_after_s = clock_() + node::kValidity.count();
  const std::string text = node::EncodeUnsigned(certificate);
  node::Signature signature{};
  if (crypto_sign_detached(signature.data(), nullptr, Bytes(std::string_view(text)), text.size(),
                           sign_secret_.data()) != 0)
    return Fail(Code::kInternal, "libsodium does not sign");
  v1::CertifyTlsKeyResponse response;
  response.set_certificate(node::EncodeSigned(certificate, signature));
  response.set_not_after_s(certificate.not_after_s);
  return response;
}

Result<> Node::RemovePeer() {
  if (auto loaded = Load(); !loaded) return loaded;
  if (!peer_) return Fail(Code::kNotFound, "this node is not paired with another");
  if (auto removed = store_.RemoveSecret(kPeerFile); !removed) return removed;
  log_.Info(fmt::format("the pairing with {} is ended", peer_->node().name()));
  peer_.reset();
  return {};
}

Result<std::string> Node::Seal(std::string_view text) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  if (!peer_) return Fail(Code::kFailedPrecondition, "this node is not paired with another");
  // The two secrets make one key for both directions: who sealed it stands inside, so that it
  // cannot be sent back to its sender as the other node's.
  SecretBytes clear(box_public_.begin(), box_public_.end());
  clear.insert(clear.end(), text.begin(), text.end());
  std::string sealed(kSealHeader + crypto_box_MACBYTES + clear.size(), '\0');
  randombytes_buf(sealed.data(), kSealHeader);
  if (crypto_box_easy(Bytes(sealed) + kSealHeader, clear.data(), clear.size(), Bytes(sealed),
                      Bytes(std::string_view(peer_->node().box_key())), box_secret_.data()) != 0)
    return Fail(Code::kInternal, "libsodium does not seal");
  return sealed;
}

Result<SecretBytes> Node::Open(std::string_view sealed) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  if (!peer_) return Fail(Code::kFailedPrecondition, "this node is not paired with another");
  const std::string& sender = peer_->node().box_key();
  const auto foreign = [] {
    return Fail(Code::kPermissionDenied,
                "the paired node did not seal this to this node, or it was changed on the way");
  };
  if (sealed.size() < kSealHeader + crypto_box_MACBYTES + sender.size()) return foreign();
  SecretBytes clear(sealed.size() - kSealHeader - crypto_box_MACBYTES);
  if (crypto_box_open_easy(clear.data(), Bytes(sealed) + kSealHeader, sealed.size() - kSealHeader,
                           Bytes(sealed), Bytes(std::string_view(sender)),
                           box_secret_.data()) != 0 ||
      !std::equal(sender.begin(), sender.end(), clear.begin(),
                  [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; })) {
    return foreign();
  }
  clear.erase(clear.begin(), clear.begin() + static_cast<ptrdiff_t>(sender.size()));
  return clear;
}

}  // namespace aloha::keys
