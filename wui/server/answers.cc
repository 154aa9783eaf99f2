#include "wui/server/answers.h"

#include <fmt/format.h>

#include <array>

namespace aloha::wui {
namespace {

constexpr std::array kSecurityFields = {
    HeaderField{"Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'"},
    HeaderField{"Strict-Transport-Security", "max-age=31536000"},
    HeaderField{"X-Content-Type-Options", "nosniff"},
    HeaderField{"X-Frame-Options", "DENY"},
    HeaderField{"Referrer-Policy", "no-referrer"},
    HeaderField{"Cross-Origin-Opener-Policy", "same-origin"},
    HeaderField{"Cross-Origin-Resource-Policy", "same-origin"},
    HeaderField{"Permissions-Policy",
                "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

struct Reason {
  int status;
  std::string_view text;
};
constexpr std::array kReasons = {
    Reason{200, "OK"},
    Reason{301, "Moved Permanently"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{409, "Conflict"},
    Reason{411, "Length Required"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{421, "Misdirected Request"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{499, "Client Closed Request"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

}  // namespace

std::span<const HeaderField> SecurityFields() { return kSecurityFields; }

std::string_view StatusReason(int status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Unknown";
}

std::string RefusalText(int status, std::string_view reason) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Length: {}\r\n"
      "Content-Type: {}\r\nCache-Control: {}\r\n",
      status, StatusReason(status), reason.size() + 1, kTextType, kNoStore);
  for (const HeaderField& field : SecurityFields()) {
    text += fmt::format("{}: {}\r\n", field.name, field.value);
  }
  return text + fmt::format("\r\n{}\n", reason);
}

}  // namespace aloha::wui
