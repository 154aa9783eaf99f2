// The first byte is the split; the rest is what a client sends.
#include <string>

#include "tests/fuzz/http/message.h"
#include "workers/http/cookie.h"
#include "workers/http/path.h"

namespace aloha::http {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void RequireLine(const RequestHead& head) {
  for (const std::string_view word : {head.method, head.target}) {
    Require(!word.empty() && word.find_first_of(std::string_view(" \t\r\n\0", 5)) == word.npos);
  }
  size_t hosts = 0;
  for (const Field& field : head.fields.all()) hosts += field.id == FieldName::kHost ? 1 : 0;
  Require(head.minor_version == 1 ? hosts == 1 : hosts <= 1);
}

// A normalized path is its own normalized path.
void RequirePath(std::string_view target) {
  std::string path, again;
  if (!NormalizePath(target, &path) || path == "*") return;
  Require(path.starts_with('/') && (path == "/" || !path.ends_with('/')));
  for (const char* part : {"//", "/./", "/../", "\\"}) Require(!Contains(path, part));
  Require(!path.ends_with("/.") && !path.ends_with("/.."));
  if (path.find_first_of("%?") == std::string::npos) {
    Require(NormalizePath(path, &again) && again == path);
  }
}

void RequireCookie(std::string_view field) {
  std::string left(field.size(), '\0');
  left.resize(RemoveCookie(field, "SRV", left.data()));
  Require(FindCookie(left, "SRV").empty());
  std::string again(left.size(), '\0');
  again.resize(RemoveCookie(left, "SRV", again.data()));
  Require(again == left);
}

void RequireRequest(std::string_view bytes, size_t piece) {
  static RequestHead head;
  bool early = false;
  const HeadEnd end = FindHead(bytes, piece, &early);
  if (end.kind != HeadEnd::Kind::kComplete) return;
  const bool refused(ReadRequestHead(bytes.substr(0, end.size), head));
  Require(refused || !early);
  if (refused) return;
  Require(!CheckRequestLine(bytes));
  RequireLine(head);
  RequireFields(head.fields);
  Require(!head.body.until_close());
  RequireBody(head.body, bytes.substr(end.size), piece);
  RequirePath(head.target);
  for (const Field& field : head.fields.all()) {
    if (field.id == FieldName::kCookie) RequireCookie(field.value);
  }
}

}  // namespace
}  // namespace aloha::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  aloha::http::RequireRequest({reinterpret_cast<const char*>(data) + 1, size - 1},
                              data[0] + size_t{1});
  return 0;
}
