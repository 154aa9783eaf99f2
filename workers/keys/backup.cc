#include "workers/keys/backup.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "worker/v1/backup.pb.h"
#include "workers/keys/transfer.h"

namespace aloha::keys {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kSaltAt = 1, kOperationsAt = 17, kMemoryAt = 21, kStreamAt = 25;
constexpr size_t kLength = 4;
constexpr size_t kStreamHeader = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr size_t kTag = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr size_t kShortestPassphrase = 12, kLongestPassphrase = 1024;

using Stream = crypto_secretstream_xchacha20poly1305_state;

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void PutNumber(uint8_t* out, uint32_t number) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
}

uint32_t GetNumber(const uint8_t* in) {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | in[i];
  return number;
}

// A stream's state holds its key.
struct WipedStream {
  ~WipedStream() { sodium_memzero(&state, sizeof state); }

  Stream state{};
};

void Push(Stream& stream, std::string_view header, std::span<const uint8_t> message, bool last,
          std::string& out) {
  const size_t at = out.size();
  out.resize(at + kLength + message.size() + kTag);
  auto* place = reinterpret_cast<uint8_t*>(out.data()) + at;
  PutNumber(place, static_cast<uint32_t>(message.size() + kTag));
  crypto_secretstream_xchacha20poly1305_push(
      &stream, place + kLength, nullptr, message.data(), message.size(), AsBytes(header).data(),
      header.size(), last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
}

// The next message of the stream, and whether it says that it is the last one. Nothing: it is not
// whole, or not the one that was written there.
struct Message {
  SecretBytes bytes;
  bool last = false;
};
std::optional<Message> Pull(Stream& stream, std::string_view header,
                            std::span<const uint8_t>& rest) {
  if (rest.size() < kLength) return std::nullopt;
  const size_t length = GetNumber(rest.data());
  rest = rest.subspan(kLength);
  if (length < kTag || length > rest.size()) return std::nullopt;
  Message message{SecretBytes(length - kTag)};
  uint8_t tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(&stream, message.bytes.data(), nullptr, &tag,
                                                 rest.data(), length, AsBytes(header).data(),
                                                 header.size()) != 0)
    return std::nullopt;
  message.last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  rest = rest.subspan(length);
  return message;
}

tl::unexpected<Error> Another() {
  return Fail(Code::kPermissionDenied,
              "the passphrase does not open it: it is another one, or the backup was changed");
}

}  // namespace

Result<Passphrase> OpenPassphrase(const SealingKey& key, std::string_view sealed) {
  const Result<SecretBytes> opened = key.Open(sealed);
  if (!opened) return tl::make_unexpected(opened.error());
  worker::v1::SealedPassphrase message;
  if (!message.ParseFromArray(opened->data(), static_cast<int>(opened->size())))
    return Fail(Code::kInvalidArgument, "what was sealed is no passphrase");
  const std::string& text = message.passphrase();
  SecretBytes bytes(text.begin(), text.end());
  Wipe(*message.mutable_passphrase());
  if (bytes.size() < kShortestPassphrase || bytes.size() > kLongestPassphrase)
    return Fail(Code::kInvalidArgument, "a passphrase has 12 to 1,024 bytes");
  return Passphrase(std::move(bytes));
}

Result<std::string> SealBackup(Passphrase& passphrase, std::string_view header,
                               std::string_view content, std::span<const PrivateKey* const> keys) {
  if (content.size() > kMaxBackupContent)
    return Fail(Code::kInvalidArgument, "larger than 2 MiB", "content");
  const KeyDerivation derivation = passphrase.ForWriting();
  const Result<const SecretBytes*> key = passphrase.Derive(derivation);
  if (!key) return tl::make_unexpected(key.error());
  std::string sealed(kStreamAt + kStreamHeader, '\0');
  auto* begin = reinterpret_cast<uint8_t*>(sealed.data());
  begin[0] = kVersion;
  std::copy(derivation.salt.begin(), derivation.salt.end(), begin + kSaltAt);
  PutNumber(begin + kOperationsAt, derivation.operations);
  PutNumber(begin + kMemoryAt, derivation.memory_kib);
  WipedStream stream;
  crypto_secretstream_xchacha20poly1305_init_push(&stream.state, begin + kStreamAt, (*key)->data());
  Push(stream.state, header, WrapSecret(Purpose::kBackup, AsBytes(content)), keys.empty(), sealed);
  for (size_t i = 0; i < keys.size(); ++i) {
    const Result<SecretBytes> wrapped = WrapKey(*keys[i]);
    if (!wrapped) return tl::make_unexpected(wrapped.error());
    Push(stream.state, header, *wrapped, i + 1 == keys.size(), sealed);
    if (sealed.size() > kMaxSealedBackup)
      return Fail(Code::kResourceExhausted, "the private keys do not fit into a backup");
  }
  return sealed;
}

Result<OpenedBackup> OpenBackup(Passphrase& passphrase, std::string_view header,
                                std::string_view sealed) {
  const std::span<const uint8_t> bytes = AsBytes(sealed);
  if (bytes.size() < kStreamAt || bytes.size() > kMaxSealedBackup)
    return Fail(Code::kInvalidArgument, "what is encrypted in the backup is cut off, or none");
  if (bytes[0] != kVersion)
    return Fail(Code::kInvalidArgument,
                "the backup is encrypted in the way of another version; upgrade this machine");
  KeyDerivation derivation;
  std::copy_n(bytes.begin() + kSaltAt, derivation.salt.size(), derivation.salt.begin());
  derivation.operations = GetNumber(bytes.data() + kOperationsAt);
  derivation.memory_kib = GetNumber(bytes.data() + kMemoryAt);
  const Result<const SecretBytes*> key = passphrase.Derive(derivation);
  if (!key) return tl::make_unexpected(key.error());
  return OpenStream(**key, header, bytes.subspan(kStreamAt));
}

Result<OpenedBackup> OpenStream(const SecretBytes& key, std::string_view header,
                                std::span<const uint8_t> stream) {
  if (stream.size() < kStreamHeader) return Another();
  WipedStream state;
  if (crypto_secretstream_xchacha20poly1305_init_pull(&state.state, stream.data(), key.data()) != 0)
    return Another();
  std::span<const uint8_t> rest = stream.subspan(kStreamHeader);
  std::optional<Message> message = Pull(state.state, header, rest);
  if (!message) return Another();
  const auto content = UnwrapSecret(Purpose::kBackup, message->bytes);
  if (!content) return tl::make_unexpected(content.error());
  OpenedBackup opened{SecretBytes(content->begin(), content->end()), {}};
  while (!message->last) {
    message = Pull(state.state, header, rest);
    if (!message || opened.keys.size() == kMaxBackupKeys) return Another();
    Result<PrivateKey> private_key = UnwrapKey(message->bytes);
    if (!private_key) return tl::make_unexpected(private_key.error());
    opened.keys.push_back(std::move(*private_key));
  }
  if (!rest.empty()) return Another();
  return opened;
}

}  // namespace aloha::keys
