#include "wui/server/connect.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <array>

#include "admin/v1/admin.pb.h"

namespace aloha::wui {
namespace {

using grpc::StatusCode;

constexpr size_t kEnvelopeHead = 5;
constexpr size_t kMaxTimeoutDigits = 10;

struct CodeName {
  StatusCode code;
  std::string_view name;
  int http;
};
constexpr std::array kCodes = {
    CodeName{StatusCode::CANCELLED, "canceled", 499},
    CodeName{StatusCode::UNKNOWN, "unknown", 500},
    CodeName{StatusCode::INVALID_ARGUMENT, "invalid_argument", 400},
    CodeName{StatusCode::DEADLINE_EXCEEDED, "deadline_exceeded", 504},
    CodeName{StatusCode::NOT_FOUND, "not_found", 404},
    CodeName{StatusCode::ALREADY_EXISTS, "already_exists", 409},
    CodeName{StatusCode::PERMISSION_DENIED, "permission_denied", 403},
    CodeName{StatusCode::RESOURCE_EXHAUSTED, "resource_exhausted", 429},
    CodeName{StatusCode::FAILED_PRECONDITION, "failed_precondition", 400},
    CodeName{StatusCode::ABORTED, "aborted", 409},
    CodeName{StatusCode::OUT_OF_RANGE, "out_of_range", 400},
    CodeName{StatusCode::UNIMPLEMENTED, "unimplemented", 501},
    CodeName{StatusCode::INTERNAL, "internal", 500},
    CodeName{StatusCode::UNAVAILABLE, "unavailable", 503},
    CodeName{StatusCode::DATA_LOSS, "data_loss", 500},
    CodeName{StatusCode::UNAUTHENTICATED, "unauthenticated", 401},
};

const CodeName& Find(StatusCode code) {
  for (const CodeName& entry : kCodes) {
    if (entry.code == code) return entry;
  }
  return kCodes[1];
}

// RFC 4648 section 4, without padding, as the protocol wants it.
std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(byte);
    for (num_bits += 8; num_bits >= 6; num_bits -= 6) text += kDigits[bits >> (num_bits - 6) & 63];
  }
  if (num_bits > 0) text += kDigits[bits << (6 - num_bits) & 63];
  return text;
}

// Bytes of the UTF-8 sequence at the beginning; 0: it is none (RFC 3629).
size_t SequenceLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = at(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

std::string DetailsJson(const std::string& bytes) {
  admin::v1::ErrorDetail detail;
  std::string debug;
  if (bytes.empty() || !detail.ParseFromString(bytes)) return {};
  if (!google::protobuf::util::MessageToJsonString(detail, &debug).ok()) return {};
  return fmt::format(R"(,"details":[{{"type":"{}","value":"{}","debug":{}}}])",
                     std::string(detail.GetTypeName()), Base64(bytes), debug);
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view ConnectCode(StatusCode code) { return Find(code).name; }

int HttpStatus(StatusCode code) { return Find(code).http; }

std::string ErrorJson(const grpc::Status& status) {
  return fmt::format(R"({{"code":"{}","message":{}{}}})", ConnectCode(status.error_code()),
                     JsonString(status.error_message()), DetailsJson(status.error_details()));
}

std::string EndOfStreamJson(const grpc::Status& status) {
  return status.ok() ? "{}" : fmt::format(R"({{"error":{}}})", ErrorJson(status));
}

std::string Envelope(uint8_t flags, std::string_view bytes) {
  std::string envelope(1, static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0})
    envelope += static_cast<char>(bytes.size() >> shift & 0xff);
  return envelope.append(bytes);
}

Result<std::string_view> OpenEnvelope(std::string_view body) {
  if (body.size() < kEnvelopeHead)
    return Fail(Code::kInvalidArgument, "the body is no enveloped message");
  if (body[0] != 0)
    return Fail(Code::kInvalidArgument, "send one message, which is not compressed");
  size_t length = 0;
  for (size_t i = 1; i < kEnvelopeHead; ++i) length = length << 8 | static_cast<uint8_t>(body[i]);
  if (length != body.size() - kEnvelopeHead)
    return Fail(Code::kInvalidArgument, "the envelope has not the length of the body");
  return body.substr(kEnvelopeHead);
}

std::optional<std::chrono::milliseconds> ParseTimeout(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimeoutDigits) return std::nullopt;
  int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return std::chrono::milliseconds(number);
}

std::string MediaType(std::string_view content_type) {
  const size_t semicolon = content_type.find(';');
  std::string type(Trim(content_type.substr(0, semicolon)));
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (semicolon == std::string_view::npos) return type;
  const std::string_view parameter = Trim(content_type.substr(semicolon + 1));
  return EqualsLower(parameter, "charset=utf-8") || EqualsLower(parameter, "charset=\"utf-8\"")
             ? type
             : "";
}

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const char c = text.front();
    const size_t length = SequenceLength(text);
    if (length == 0) {
      json += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      json += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return json + '"';
}

}  // namespace aloha::wui
