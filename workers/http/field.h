// The fields of a message head.
#ifndef ALOHA_WORKERS_HTTP_FIELD_H_
#define ALOHA_WORKERS_HTTP_FIELD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace aloha::http {

// Fields that mean something to a proxy.
enum class FieldName : uint8_t {
  kOther,
  kAuthorization,
  kConnection,
  kContentLength,
  kCookie,
  kExpect,
  kFrontEndHttps,
  kHost,
  kKeepAlive,
  kProxyConnection,
  kTe,
  kTransferEncoding,
  kUpgrade,
  kXForwardedFor,
  kXForwardedProto,
};
FieldName FieldNameOf(std::string_view name);

struct Field {
  std::string_view line;   // as it came, with its CRLF
  std::string_view name;   // as it came
  std::string_view value;  // without the blanks around it
  FieldName id = FieldName::kOther;
  bool dropped = false;  // is not passed on
};

// More are refused (431, 502).
inline constexpr size_t kMaxFields = 256;

class Fields {
 public:
  void Clear() { count_ = 0; }
  // False: there are kMaxFields already.
  bool Add(const Field& field) {
    if (count_ == kMaxFields) return false;
    fields_[count_++] = field;
    return true;
  }
  std::span<Field> all() { return {fields_.data(), count_}; }
  std::span<const Field> all() const { return {fields_.data(), count_}; }
  // The first of this name; null: none.
  const Field* Find(FieldName id) const {
    for (const Field& field : all()) {
      if (field.id == id) return &field;
    }
    return nullptr;
  }

 private:
  std::array<Field, kMaxFields> fields_;
  size_t count_ = 0;
};

// Why a message is not passed on. A status of 0: it is.
struct Refusal {
  uint16_t status = 0;
  const char* reason = "";  // for the log; a static text
  explicit operator bool() const { return status != 0; }
};

// Reads the field lines of a head, which begins with them and ends with its empty line. Refuses
// with 400 what RFC 9112 section 5 does not allow or only tolerates: bare CR or LF, folding, blanks
// around the name, other characters than token characters in it, control characters; with 431 too
// many.
Refusal ReadFields(std::string_view lines, Fields& fields);

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_FIELD_H_
