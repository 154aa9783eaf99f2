#include "workers/proxy/tls_link.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "workers/net/socket.h"
#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"

namespace aloha::proxy {
namespace {

// Records that may wait behind a handshake.
constexpr size_t kMaxWaiting = net::TlsRecords::kMaxRecord;
constexpr size_t kMaxServerName = 255;

bool IsOption(int fd, int option, int expected) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 && value == expected;
}

}  // namespace

Result<> TlsLink::Send(const handoff::v1::ToTls& message, int descriptor) const {
  if (descriptor < 0) return SendPacket(fd(), message.SerializeAsString());
  const int descriptors[] = {descriptor};
  return SendPacket(fd(), message.SerializeAsString(), descriptors);
}

Result<TlsLink::Arrival> TlsLink::Receive() const {
  Result<Packet> packet = ReceivePacket(fd());
  if (!packet) return tl::make_unexpected(packet.error());
  Arrival arrival;
  if (!arrival.message.ParseFromString(packet->payload)) {
    return Fail(Code::kInvalidArgument, "not a message");
  }
  if (packet->descriptors.size() > 1) {
    return Fail(Code::kInvalidArgument, "more than one descriptor");
  }
  if (!packet->descriptors.empty()) arrival.socket = std::move(packet->descriptors[0]);
  return arrival;
}

Result<Handover> TakeHandover(TlsLink::Arrival arrival, net::TlsContextCache& cache) {
  const handoff::v1::Connection& connection = arrival.message.connection();
  const int fd = arrival.socket.get();
  sockaddr_storage peer{}, local{};
  socklen_t peer_length = sizeof peer, local_length = sizeof local;
  if (fd < 0 || !IsOption(fd, SO_TYPE, SOCK_STREAM) || !IsOption(fd, SO_PROTOCOL, IPPROTO_TCP)) {
    return Fail(Code::kInvalidArgument, "no TCP socket came along");
  }
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_length) != 0) {
    return FailErrno("what came along is not connected");
  }
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return FailErrno("O_NONBLOCK");
  if (connection.partial_record().size() > kMaxWaiting) {
    return Fail(Code::kInvalidArgument, "too much was read ahead");
  }
  auto records = net::TlsRecords::Create(connection.keys(), cache);
  if (!records) return tl::make_unexpected(records.error());
  Handover handover;
  handover.socket = std::move(arrival.socket);
  handover.tls = std::make_unique<net::TlsStream>(std::move(*records), connection.partial_record());
  handover.tls->server_name =
      EscapeForLog(connection.facts().server_name()).substr(0, kMaxServerName);
  handover.tls->request_id = connection.request_id();
  handover.peer = net::Address::FromSockaddr(peer);
  handover.local = net::Address::FromSockaddr(local);
  return handover;
}

}  // namespace aloha::proxy
