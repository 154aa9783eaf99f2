#include "workers/http/field.h"

#include <cstring>

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

FieldName Check(std::string_view name, std::string_view lower, FieldName id) {
  return EqualsLower(name, lower) ? id : FieldName::kOther;
}

}  // namespace

FieldName FieldNameOf(std::string_view name) {
  switch (name.size()) {
    case 2:
      return Check(name, "te", FieldName::kTe);
    case 4:
      return Check(name, "host", FieldName::kHost);
    case 6:
      return Lower(name[0]) == 'c' ? Check(name, "cookie", FieldName::kCookie)
                                   : Check(name, "expect", FieldName::kExpect);
    case 7:
      return Check(name, "upgrade", FieldName::kUpgrade);
    case 10:
      return Lower(name[0]) == 'c' ? Check(name, "connection", FieldName::kConnection)
                                   : Check(name, "keep-alive", FieldName::kKeepAlive);
    case 13:
      return Check(name, "authorization", FieldName::kAuthorization);
    case 14:
      return Check(name, "content-length", FieldName::kContentLength);
    case 15:
      return Lower(name[0]) == 'x' ? Check(name, "x-forwarded-for", FieldName::kXForwardedFor)
                                   : Check(name, "front-end-https", FieldName::kFrontEndHttps);
    case 16:
      return Check(name, "proxy-connection", FieldName::kProxyConnection);
    case 17:
      return Lower(name[0]) == 'x' ? Check(name, "x-forwarded-proto", FieldName::kXForwardedProto)
                                   : Check(name, "transfer-encoding", FieldName::kTransferEncoding);
    default:
      return FieldName::kOther;
  }
}

Refusal ReadFields(std::string_view lines, Fields& fields) {
  fields.Clear();
  while (true) {
    const auto* const feed = static_cast<const char*>(memchr(lines.data(), '\n', lines.size()));
    if (feed == nullptr) return {400, "head without an end"};
    const size_t length = static_cast<size_t>(feed - lines.data());
    if (length == 0 || lines[length - 1] != '\r') return {400, "bare LF"};
    if (length == 1) return {};  // the empty line
    Field field;
    field.line = lines.substr(0, length + 1);
    if (IsBlank(field.line[0])) return {400, "folded field line"};
    const size_t colon = field.line.find(':');
    if (colon == std::string_view::npos) return {400, "field line without a colon"};
    field.name = field.line.substr(0, colon);
    if (field.name.empty()) return {400, "empty field name"};
    if (!IsToken(field.name)) return {400, "invalid character in a field name"};
    field.value = Trim(field.line.substr(colon + 1, length - 1 - (colon + 1)));
    if (!IsFieldValue(field.value)) return {400, "control character in a field value"};
    field.id = FieldNameOf(field.name);
    if (!fields.Add(field)) return {431, "too many fields"};
    lines.remove_prefix(length + 1);
  }
}

}  // namespace aloha::http
