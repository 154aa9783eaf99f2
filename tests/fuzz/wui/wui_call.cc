// A call as its lines: path, Host, Cookie, Authorization, Content-Type, Origin, User-Agent,
// Connect-Timeout-Ms, Accept-Encoding; then the body.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wui/server/connect.h"
#include "wui/server/gate.h"
#include "wui/server/methods.h"
#include "wui/server/static_files.h"

namespace {

using namespace aloha::wui;

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequirePlain(std::string_view text) {
  Require(std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

void RequireMessage(const google::protobuf::MethodDescriptor& method, std::string_view body) {
  const auto json = method.server_streaming() ? OpenEnvelope(body) : body;
  if (!json) return;
  const auto bytes = FromJson(*method.input_type(), *json);
  if (!bytes) return;
  const auto again = ToJson(*method.input_type(), *bytes);
  Require(again.has_value());
  Require(FromJson(*method.input_type(), *again).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Methods methods;
  static const StaticFiles files;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string, 9> lines;
  for (std::string& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  RequestFields fields;
  fields.host = lines[1];
  fields.cookie = lines[2];
  fields.authorization = lines[3];
  fields.content_type = lines[4];
  fields.origin = lines[5];
  fields.user_agent = lines[6];
  fields.request_mark = "1";
  (void)IsOwnHost(fields.host, {"a.example.org", "*.example.org"});
  (void)ParseTimeout(lines[7]);
  (void)files.Answer({lines[0], lines[8], lines[8]});
  if (const auto admitted = Admit(fields, "10.0.0.9")) {
    for (const auto& [name, value] : *admitted) RequirePlain(value);
  }
  RequirePlain(SessionCookie(lines[2], lines[7]));
  if (const auto* method = methods.Find(lines[0])) RequireMessage(*method, rest);
  return 0;
}
