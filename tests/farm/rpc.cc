// DCE/RPC over TCP, for the endpoint mapper and the two Exchange ports: every bind is acknowledged,
// every request is answered with the server's name as its stub data. A connection whose first byte
// is no RPC version is an echo: each line comes back behind the server's name.
#include <fmt/format.h>

#include "tests/farm/protocols.h"
#include "tests/farm/session.h"

namespace aloha::farm {
namespace {

// PDU types and the common header of C706 section 12.6.3.
constexpr uint8_t kVersion = 5;
constexpr uint8_t kRequest = 0;
constexpr uint8_t kResponse = 2;
constexpr uint8_t kBind = 11;
constexpr uint8_t kBindAck = 12;
constexpr uint8_t kBindNak = 13;
constexpr uint8_t kAlterContext = 14;
constexpr uint8_t kAlterContextResponse = 15;
constexpr size_t kHeader = 16;
constexpr size_t kTypeAt = 2;
constexpr size_t kLengthAt = 8;
constexpr size_t kCallIdAt = 12;

// The NDR transfer syntax, version 2 (C706 appendix I).
constexpr uint8_t kNdr[20] = {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8,
                              0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x00, 0x00};

void Put16(std::string& out, size_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8 & 0xff);
}

void Put32(std::string& out, size_t value) {
  Put16(out, value & 0xffff);
  Put16(out, value >> 16);
}

// A little-endian PDU in one fragment; `call_id` is the four bytes of the question.
std::string Pdu(uint8_t type, std::string_view call_id, const std::string& body) {
  std::string out = {char(kVersion), 0, char(type), 0x03, 0x10, 0, 0, 0};
  Put16(out, kHeader + body.size());
  Put16(out, 0);
  out += call_id;
  return out + body;
}

std::string BindAck() {
  std::string body;
  Put16(body, 5840);  // largest fragments
  Put16(body, 5840);
  Put32(body, 1);  // association group
  Put16(body, 4);  // secondary address "135" with its NUL, then padding to four
  body.append("135\0\0\0", 6);
  Put32(body, 1);  // one result
  Put32(body, 0);  // acceptance
  body.append(reinterpret_cast<const char*>(kNdr), sizeof kNdr);
  return body;
}

std::string Response(const std::string& server) {
  std::string body;
  Put32(body, server.size());  // allocation hint
  Put32(body, 0);              // context, cancel count
  return body + server;
}

// One PDU; false when it is none that a server takes.
asio::awaitable<bool> ServePdu(Session& session) {
  const std::string header = co_await session.Read(kHeader);
  const size_t length = static_cast<uint8_t>(header[kLengthAt]) |
                        static_cast<size_t>(static_cast<uint8_t>(header[kLengthAt + 1])) << 8;
  if (static_cast<uint8_t>(header[0]) != kVersion || length < kHeader) co_return false;
  co_await session.Discard(length - kHeader);
  ++session.service().requests;
  const std::string call_id = header.substr(kCallIdAt, 4);
  const uint8_t type = static_cast<uint8_t>(header[kTypeAt]);
  if (type == kBind) {
    co_await session.Reply(Pdu(kBindAck, call_id, BindAck()));
  } else if (type == kAlterContext) {
    co_await session.Reply(Pdu(kAlterContextResponse, call_id, BindAck()));
  } else if (type == kRequest) {
    co_await session.Reply(Pdu(kResponse, call_id, Response(session.server())));
  } else {
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> ServeEcho(Session& session) {
  while (true) {
    const std::string line = co_await session.ReadCommand();
    co_await session.Reply(
        fmt::format("{} {} {}\r\n", session.server(), session.service().name, line));
  }
}

asio::awaitable<void> Serve(Session& session) {
  const char first = co_await session.Peek();
  if (static_cast<uint8_t>(first) != kVersion) co_await ServeEcho(session);
  bool more = true;
  while (more) more = co_await ServePdu(session);
}

// bind_nak, "local limit exceeded".
std::string Refusal(const std::string& /*server*/) {
  std::string body;
  Put16(body, 2);
  return Pdu(kBindNak, std::string_view("\1\0\0\0", 4), body + '\0');
}

}  // namespace

const Protocol kRpc = {Serve, Refusal};

}  // namespace aloha::farm
