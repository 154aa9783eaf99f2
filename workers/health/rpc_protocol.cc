#include "workers/health/rpc_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace aloha::health {
namespace {

constexpr size_t kHeader = 16;
constexpr uint16_t kMaxFragment = 5840;

// PDU types of C706 section 12.6.
constexpr uint8_t kBindAck = 12;
constexpr uint8_t kBindNak = 13;

// The whole bind PDU, little endian (C706 section 12.6.4.3).
constexpr std::array<uint8_t, 72> kBind = {
    5,    0,    11,   0x03,  // version 5.0, bind, first and last fragment
    0x10, 0,    0,    0,     // data representation: little endian, ASCII, IEEE
    72,   0,    0,    0,     // fragment length, no authentication
    1,    0,    0,    0,     // call id
    0xd0, 0x16, 0xd0, 0x16,  // largest fragment sent and received: 5,840
    0,    0,    0,    0,     // a new association group
    1,    0,    0,    0,     // one context
    0,    0,    1,    0,     // context 0 with one transfer syntax
    0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11,  // e1af8308-5d1f-11c9-
    0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa,  // 91a4-08002b14a0fa
    3,    0,    0,    0,                             // version 3.0
    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,  // 8a885d04-1ceb-11c9-
    0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,  // 9fe8-08002b104860
    2,    0,    0,    0,                             // version 2
};

// A bounds-checked cursor over one PDU in the sender's byte order. After a read past the end
// everything reads as zero and ok() is false.
class Cursor {
 public:
  Cursor(std::string_view pdu, bool little_endian) : pdu_(pdu), little_endian_(little_endian) {}

  void Skip(size_t count) { Has(count) ? void(position_ += count) : void(ok_ = false); }
  void Align(size_t to) { Skip((to - position_ % to) % to); }
  uint8_t U8() {
    if (!Has(1)) return ok_ = false;
    return static_cast<uint8_t>(pdu_[position_++]);
  }
  uint16_t U16() {
    const uint8_t first = U8();
    const uint8_t second = U8();
    return static_cast<uint16_t>(little_endian_ ? first | second << 8 : first << 8 | second);
  }
  bool ok() const { return ok_; }

 private:
  bool Has(size_t count) const { return ok_ && pdu_.size() - position_ >= count; }

  const std::string_view pdu_;
  const bool little_endian_;
  size_t position_ = 0;
  bool ok_ = true;
};

// C706 section 12.6.3.1, p_provider_reason_t.
std::string ProviderReason(uint16_t reason) {
  switch (reason) {
    case 1:
      return "abstract syntax not supported";
    case 2:
      return "transfer syntaxes not supported";
    case 3:
      return "local limit exceeded";
    default:
      return fmt::format("reason {}", reason);
  }
}

// C706 section 12.6.3.1, p_reject_reason_t.
std::string RejectReason(uint16_t reason) {
  switch (reason) {
    case 1:
      return "temporary congestion";
    case 2:
      return "local limit exceeded";
    case 4:
      return "protocol version not supported";
    default:
      return fmt::format("reason {}", reason);
  }
}

class EndpointMapperDialogue final : public Dialogue {
 public:
  Verdict Restart() override {
    pdu_.clear();
    Say({reinterpret_cast<const char*>(kBind.data()), kBind.size()});
    return Verdict::kMore;
  }

  Verdict Feed(std::string_view bytes) override {
    pdu_.append(bytes.substr(0, kMaxFragment - std::min<size_t>(pdu_.size(), kMaxFragment)));
    if (!LooksLikeRpc()) return Fail("answer was " + Quote(pdu_) + ", not DCE/RPC");
    if (pdu_.size() < kHeader) return Verdict::kMore;
    if (Byte(2) != kBindAck && Byte(2) != kBindNak) {
      return Fail(fmt::format("answer was a PDU of type {}, expected bind_ack", Byte(2)));
    }
    const size_t length = FragmentLength();
    if (length < kHeader || length > kMaxFragment) {
      return Fail(fmt::format("answer claims a length of {} bytes, expected {} to {}", length,
                              kHeader, kMaxFragment));
    }
    if (pdu_.size() < length) return Verdict::kMore;
    const std::string_view pdu = std::string_view(pdu_).substr(0, length);
    return Byte(2) == kBindAck ? TakeBindAck(pdu) : TakeBindNak(pdu);
  }

  Verdict Closed() override {
    if (pdu_.empty()) return Fail("connection closed before the answer to the bind");
    return Fail(
        fmt::format("connection closed after {} bytes of the answer to the bind", pdu_.size()));
  }

  std::string_view awaited() const override { return "answer to the bind"; }

 private:
  uint8_t Byte(size_t at) const { return static_cast<uint8_t>(pdu_[at]); }
  bool LittleEndian() const { return (Byte(4) & 0xf0) == 0x10; }
  // Version 5.0 or 5.1, as far as it has come.
  bool LooksLikeRpc() const {
    return (pdu_.empty() || Byte(0) == 5) && (pdu_.size() < 2 || Byte(1) <= 1);
  }

  uint16_t FragmentLength() const {
    Cursor cursor(pdu_, LittleEndian());
    cursor.Skip(8);
    return cursor.U16();
  }

  // C706 section 12.6.4.4.
  Verdict TakeBindAck(std::string_view pdu) {
    Cursor cursor(pdu, LittleEndian());
    cursor.Skip(kHeader + 8);   // fragment sizes and association group
    cursor.Skip(cursor.U16());  // secondary address
    cursor.Align(4);
    const uint8_t results = cursor.U8();
    cursor.Skip(3);
    const uint16_t result = cursor.U16();
    const uint16_t reason = cursor.U16();
    cursor.Skip(20);  // transfer syntax
    if (!cursor.ok() || results == 0) return Fail("bind_ack is cut short or malformed");
    if (result == 0) return Succeed("bind accepted");
    return Fail("bind_ack refuses the endpoint mapper: " + ProviderReason(reason));
  }

  // C706 section 12.6.4.5.
  Verdict TakeBindNak(std::string_view pdu) {
    Cursor cursor(pdu, LittleEndian());
    cursor.Skip(kHeader);
    const uint16_t reason = cursor.U16();
    if (!cursor.ok()) return Fail("bind_nak is cut short");
    return Fail("bind refused: " + RejectReason(reason));
  }

  std::string pdu_;
};

}  // namespace

std::unique_ptr<Dialogue> MakeEndpointMapperDialogue() {
  return std::make_unique<EndpointMapperDialogue>();
}

}  // namespace aloha::health
