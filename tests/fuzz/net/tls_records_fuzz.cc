// Records: whatever they hold and however they arrive, they mean the same; nothing is opened that
// was not sealed; what is broken stays broken; and what was opened of each kind seals again.
//
// The first byte chooses suite and version, the second the side; then follow steps: what to do, a
// length, and so many bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/net/tls_records_support.h"

using aloha::net::OpenedText;
using aloha::net::TlsKind;
using aloha::net::TlsRecords;
using aloha::net::TlsRecordsPair;
using Kind = TlsRecords::Opened::Kind;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() { return empty() ? 0 : static_cast<uint8_t>(Bytes(1)[0]); }
  std::string_view Bytes(size_t length) {
    const std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

// Makes what the other side sends.
class Sender {
 public:
  Sender(const TlsKind& kind, bool to_client)
      : kind_(kind),
        to_client_(to_client),
        keys_(aloha::net::MakeTlsKeys(kind, to_client)),
        secret_(keys_.read_secret()),
        pair_(kind) {}

  std::string Step(Input& input) {
    const uint8_t step = input.Byte();
    const std::string_view bytes = input.Bytes(input.Byte() | (step & 0xf0) << 4);
    switch (step % 5) {
      case 0:
        return std::string(bytes);  // no record, or one that fits no key
      case 1:
        return Seal(bytes);
      case 2: {
        std::string record = Seal(bytes);
        record[input.Byte() % record.size()] ^= static_cast<char>(input.Byte());
        return record;
      }
      case 3:
        secret_ = aloha::net::NextSecret(secret_);
        sequence_ = 0;
        return {};
      default:
        // A small step for the input, a big record.
        return Seal(std::string(15'000, 'x').append(bytes));
    }
  }
  size_t sealed() const { return sealed_; }

 private:
  std::string Seal(std::string_view inside) {
    sealed_ += inside.size();
    if (kind_.version == 0x0304 && kind_.cipher == 0x1301) {
      return aloha::net::RawRecord(secret_, sequence_++, inside);
    }
    if (kind_.version == 0x0303 && kind_.cipher == 0xc02f && !inside.empty()) {
      return aloha::net::RawRecord12(keys_.key_block(), !to_client_, sequence_++, inside[0],
                                     inside.substr(1));
    }
    TlsRecords& records = to_client_ ? *pair_.server : *pair_.client;
    std::string wire = aloha::net::SealText(records, inside);
    return wire.empty() ? "-" : wire;
  }

  const TlsKind kind_;
  const bool to_client_;
  const aloha::handoff::v1::TrafficKeys keys_;
  std::string secret_;
  TlsRecordsPair pair_;
  uint64_t sequence_ = 0;
  size_t sealed_ = 0;
};

// What was produced is there whatever comes next.
void RequireAlike(const OpenedText& whole, const OpenedText& pieces) {
  Require(whole.text == pieces.text);
  Require(whole.opened.kind == pieces.opened.kind);
  Require(whole.opened.alert == pieces.opened.alert);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<TlsKind> kinds = aloha::net::AllTlsKinds();
  Input input({reinterpret_cast<const char*>(data), size});
  const TlsKind kind = kinds[input.Byte() % kinds.size()];
  const uint8_t choice = input.Byte();
  const bool client = choice & 1;
  Sender sender(kind, client);
  std::string wire;
  while (!input.empty() && wire.size() < 200'000) wire += sender.Step(input);

  TlsRecordsPair whole_pair(kind), pieces_pair(kind);
  TlsRecords& at_once = client ? *whole_pair.client : *whole_pair.server;
  TlsRecords& in_pieces = client ? *pieces_pair.client : *pieces_pair.server;
  const OpenedText whole = aloha::net::OpenBytes(at_once, wire, wire.size());
  Require(whole.text.size() <= sender.sealed());
  const size_t step = std::max(1 + (choice >> 1) * size_t{7}, wire.size() / 100);
  RequireAlike(whole, aloha::net::OpenSlowly(in_pieces, wire, step));
  Require(at_once.TakeTicket() == in_pieces.TakeTicket());
  const OpenedText after = aloha::net::OpenBytes(at_once, wire.substr(whole.opened.consumed));
  if (whole.opened.kind != Kind::kData) Require(after.opened.kind == whole.opened.kind);
  Require(after.text.empty());

  // The other direction does not mind.
  TlsRecords& other = client ? *whole_pair.server : *whole_pair.client;
  const std::string answer = aloha::net::SealText(at_once, "answer", 4);
  Require(aloha::net::OpenBytes(other, answer).text == "answer");
  const uint8_t alert = whole.opened.kind == Kind::kFailed ? whole.opened.alert : 0;
  const std::string end = aloha::net::SealAlert(at_once, alert);
  if (alert == TlsRecords::kNoAlert) {
    Require(end.empty());
  } else {
    Require(aloha::net::OpenBytes(other, end).opened.kind ==
            (alert == 0 ? Kind::kClosed : Kind::kFailed));
  }
  return 0;
}
