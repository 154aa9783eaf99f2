#include "workers/net/kernel_tls.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/aead.h>
#include <openssl/mem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "workers/net/tls_records.h"
#include "workers/net/tls_suites.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {
namespace {

// What the kernel asks for, of every suite.
struct KernelKey {
  uint16_t version;
  const uint8_t* key;
  std::array<uint8_t, 12> nonce;    // its salt, and its IV for the next record
  std::array<uint8_t, 8> sequence;  // big-endian
};

Result<> AttachLayer(int fd) {
  constexpr char kName[] = "tls";
  // EEXIST: for the other direction already.
  if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, kName, sizeof kName - 1) != 0 && errno != EEXIST) {
    return FailErrno("setsockopt TCP_ULP tls");
  }
  return {};
}

// option: TLS_TX or TLS_RX. Info: the structure of the kernel's that goes with the cipher.
template <typename Info>
Result<> GiveKey(int fd, int option, uint16_t cipher, const KernelKey& key) {
  Info info{};
  info.info.version = key.version;
  info.info.cipher_type = cipher;
  std::copy_n(key.key, sizeof info.key, info.key);
  std::copy_n(key.nonce.data(), sizeof info.salt, info.salt);
  std::copy_n(key.nonce.data() + sizeof info.salt, sizeof info.iv, info.iv);
  std::copy_n(key.sequence.data(), sizeof info.rec_seq, info.rec_seq);
  const int failed = setsockopt(fd, SOL_TLS, option, &info, sizeof info);
  const int error = errno;
  OPENSSL_cleanse(&info, sizeof info);
  if (failed) return FailErrno(option == TLS_TX ? "setsockopt TLS_TX" : "setsockopt TLS_RX", error);
  return {};
}

// Both ends of a connection.
struct SocketPair {
  UniqueFd a, b;
};

Result<SocketPair> Connect() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketPair pair{UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
  if (bind(listener.get(), name, length) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), name, &length) != 0 || connect(pair.a.get(), name, length) != 0) {
    return FailErrno("sockets on loopback");
  }
  pair.b.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!pair.b) return FailErrno("sockets on loopback");
  return pair;
}

// Why a read failed that the record layer is to blame for; null: something else.
struct Blame {
  int error;
  uint8_t alert;
  const char* reason;
};
constexpr Blame kBlames[] = {
    {EBADMSG, SSL_AD_BAD_RECORD_MAC, "record that does not fit the keys"},
    {EMSGSIZE, SSL_AD_RECORD_OVERFLOW, "record too long"},
    {EINVAL, SSL_AD_PROTOCOL_VERSION, "record of another version"},
};

}  // namespace

Result<> ProbeKernelTls() {
  auto pair = Connect();
  if (!pair) return tl::make_unexpected(pair.error());
  if (auto attached = AttachLayer(pair->a.get()); !attached) return attached;
  const uint8_t key[TLS_CIPHER_AES_GCM_128_KEY_SIZE] = {};
  const KernelKey keys{TLS_1_3_VERSION, key, {}, {}};
  using Info = tls12_crypto_info_aes_gcm_128;
  for (const int option : {TLS_TX, TLS_RX}) {
    auto given = GiveKey<Info>(pair->a.get(), option, TLS_CIPHER_AES_GCM_128, keys);
    if (!given) return given;
  }
  return {};
}

Result<> TlsRecords::OffloadSend(int fd) {
  if (write_ended_ || kernel_sends_ || key_update_owed_) {
    return Fail(Code::kFailedPrecondition, "records are on their way");
  }
  if (auto done = Offload(fd, write_, TLS_TX); !done) return done;
  kernel_sends_ = true;
  return {};
}

Result<> TlsRecords::OffloadReceive(int fd) {
  const bool partial = messages_ != nullptr && !messages_->partial.empty();
  if (read_ended_ || broken_ != nullptr || kernel_receives_ || partial) {
    return Fail(Code::kFailedPrecondition, "records are on their way");
  }
  if (auto done = Offload(fd, read_, TLS_RX); !done) return done;
  kernel_receives_ = true;
  return {};
}

Result<> TlsRecords::Offload(int fd, Direction& direction, int option) {
  if (suite_.cbc()) return Fail(Code::kFailedPrecondition, "no suite of the kernel's");
  if (auto attached = AttachLayer(fd); !attached) return attached;
  KernelKey key{version_, KeyOf(direction), direction.iv, {}};
  for (int i = 0; i < 8; ++i) {
    key.sequence[i] = static_cast<uint8_t>(direction.sequence >> (56 - 8 * i));
  }
  // RFC 5288: what a record carries of its nonce is the sequence number, here and in the kernel.
  if (suite_.explicit_iv != 0) std::copy_n(key.sequence.data(), 8, key.nonce.data() + suite_.iv);
  Result<> given;
  if (suite_.aead == EVP_aead_chacha20_poly1305) {
    given =
        GiveKey<tls12_crypto_info_chacha20_poly1305>(fd, option, TLS_CIPHER_CHACHA20_POLY1305, key);
  } else if (suite_.key == TLS_CIPHER_AES_GCM_128_KEY_SIZE) {
    given = GiveKey<tls12_crypto_info_aes_gcm_128>(fd, option, TLS_CIPHER_AES_GCM_128, key);
  } else {
    given = GiveKey<tls12_crypto_info_aes_gcm_256>(fd, option, TLS_CIPHER_AES_GCM_256, key);
  }
  if (!given) return given;
  ClearContext(direction);
  OPENSSL_cleanse(&direction, sizeof direction);
  return {};
}

TlsRecords::KernelRead TlsRecords::ReceiveByKernel(int fd, char* out, size_t room) {
  KernelRead read;
  if (broken_ == nullptr && !read_ended_) {
    char control[CMSG_SPACE(1)];
    iovec part{out, room};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
    const cmsghdr* const header = got < 0 ? nullptr : CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_level == SOL_TLS) {
      (void)Take(*CMSG_DATA(header), {out, static_cast<size_t>(got)}, read.opened);
    } else {
      read.error = got < 0 ? errno : ECONNRESET;
    }
    for (const Blame& blame : kBlames) {
      if (read.error != blame.error) continue;
      read.error = 0;
      Break(blame.alert, blame.reason);
    }
  }
  Conclude(read.opened);
  return read;
}

bool TlsRecords::SendAlertByKernel(int fd, uint8_t description) {
  if (description == kNoAlert) return true;
  std::array<uint8_t, 2> alert = AlertMessage(description);
  alignas(cmsghdr) char control[CMSG_SPACE(1)] = {};
  iovec part{alert.data(), alert.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(header) = SSL3_RT_ALERT;
  if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) != static_cast<ssize_t>(alert.size())) {
    return false;
  }
  closed_ = description == SSL_AD_CLOSE_NOTIFY;
  return true;
}

}  // namespace aloha::net
