#include "workers/http/framing.h"

#include <llhttp/llhttp.h>

#include <charconv>

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

// Ends the reading after the head, whatever it says of a body.
int StopAfterHead(llhttp_t*) { return HPE_PAUSED; }

// A parser of llhttp that has read a first line of our own, since it knows neither every method nor
// RPC_IN_DATA. Copied for each head.
struct Primed {
  llhttp_settings_t settings;
  llhttp_t parser;

  Primed(llhttp_type_t type, std::string_view line) {
    llhttp_settings_init(&settings);
    settings.on_headers_complete = StopAfterHead;
    llhttp_init(&parser, type, &settings);
    llhttp_execute(&parser, line.data(), line.size());
  }
};

const Primed& PrimedFor(bool request) {
  static const Primed kRequest(HTTP_REQUEST, "POST / HTTP/1.1\r\n");
  static const Primed kResponse(HTTP_RESPONSE, "HTTP/1.1 200 OK\r\n");
  return request ? kRequest : kResponse;
}

// True when llhttp accepts the lines and reads the same framing from them.
bool RefereeAgrees(std::string_view lines, bool request, const Framing& framing) {
  llhttp_t parser = PrimedFor(request).parser;
  if (llhttp_execute(&parser, lines.data(), lines.size()) != HPE_PAUSED) return false;
  const bool chunked = (parser.flags & F_CHUNKED) != 0;
  const bool has_length = (parser.flags & F_CONTENT_LENGTH) != 0;
  return chunked == framing.chunked && has_length == framing.has_length &&
         (!has_length || parser.content_length == framing.length);
}

const char* TakeLength(std::string_view value, Framing& framing) {
  if (framing.has_length) return "more than one Content-Length";
  framing.has_length = true;
  // 18 digits fit below 2^63.
  const bool plain = IsDigits(value) && value.size() <= 18;
  if (!plain) return "invalid Content-Length";
  std::from_chars(value.data(), value.data() + value.size(), framing.length);
  return nullptr;
}

const char* TakeCoding(std::string_view value, int minor_version, Framing& framing) {
  if (framing.chunked) return "more than one Transfer-Encoding";
  if (!EqualsLower(value, "chunked")) return "a transfer coding other than chunked";
  if (minor_version == 0) return "Transfer-Encoding in HTTP/1.0";
  framing.chunked = true;
  return nullptr;
}

bool CanBeDropped(FieldName id) {
  return id != FieldName::kHost && id != FieldName::kContentLength &&
         id != FieldName::kTransferEncoding && id != FieldName::kCookie &&
         id != FieldName::kAuthorization && id != FieldName::kExpect;
}

}  // namespace

Refusal ReadFraming(const Fields& fields, std::string_view lines, bool request, int minor_version,
                    uint16_t status, Framing& framing) {
  for (const Field& field : fields.all()) {
    const char* wrong = nullptr;
    if (field.id == FieldName::kContentLength) wrong = TakeLength(field.value, framing);
    if (field.id == FieldName::kTransferEncoding) {
      wrong = TakeCoding(field.value, minor_version, framing);
    }
    if (wrong != nullptr) return {status, wrong};
  }
  if (framing.chunked && framing.has_length) {
    return {status, "both Content-Length and Transfer-Encoding"};
  }
  if (!RefereeAgrees(lines, request, framing)) return {status, "fields that llhttp refuses"};
  return {};
}

ConnectionOptions TakeConnectionFields(Fields& fields) {
  ConnectionOptions options;
  for (Field& field : fields.all()) {
    switch (field.id) {
      case FieldName::kConnection:
        field.dropped = true;
        ForEachElement(field.value, [&](std::string_view option) {
          if (EqualsLower(option, "close")) {
            options.close = true;
          } else if (EqualsLower(option, "keep-alive")) {
            options.keep_alive = true;
          } else if (EqualsLower(option, "upgrade")) {
            options.upgrade = true;
          } else if (++options.named <= kMaxNamedFields) {
            for (Field& named : fields.all()) {
              if (EqualsIgnoringCase(named.name, option) && CanBeDropped(named.id)) {
                named.dropped = true;
              }
            }
          }
        });
        break;
      case FieldName::kKeepAlive:
      case FieldName::kProxyConnection:
      case FieldName::kTe:
      case FieldName::kUpgrade:
        field.dropped = true;
        break;
      default:
        break;
    }
  }
  return options;
}

}  // namespace aloha::http
