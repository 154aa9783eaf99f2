// Reads BER (X.690), of which DER is a part: as much as is needed to see what a file asks for
// before a library is given it. Nothing is copied, nothing is read beyond the bytes given.
#ifndef ALOHA_WORKERS_KEYS_BER_H_
#define ALOHA_WORKERS_KEYS_BER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace aloha::keys {

struct BerElement {
  uint8_t tag = 0;  // class, constructed bit and number, which is below 31
  std::span<const uint8_t> content;

  bool constructed() const { return (tag & 0x20) != 0; }
};

class BerReader {
 public:
  static constexpr uint8_t kInteger = 0x02, kOctetString = 0x04, kObject = 0x06, kSequence = 0x30,
                           kSet = 0x31, kExplicit0 = 0xa0, kImplicit0 = 0x80;

  explicit BerReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  // The next element, with definite or indefinite length; nothing at the end, or when what follows
  // is not well-formed or nested deeper than 32.
  std::optional<BerElement> Next();
  // The next element when it has this tag; nothing, and it stays, otherwise.
  std::optional<BerElement> Next(uint8_t tag);

 private:
  std::span<const uint8_t> rest_;
};

// A non-negative INTEGER; 2^64 - 1 for larger ones. Nothing for a negative or empty one.
std::optional<uint64_t> BerNumber(const BerElement& integer);

// The bytes of an OCTET STRING, put together where it is in pieces.
std::vector<uint8_t> BerOctets(const BerElement& octets);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_BER_H_
