// The first byte says whether it answers HEAD and whether it may upgrade, and is the split; the
// rest is what a server sends.
#include "tests/fuzz/http/message.h"

namespace aloha::http {
namespace {

void RequireResponse(std::string_view bytes, size_t piece, bool to_head, bool upgrade) {
  static ResponseHead head;
  bool early = false;
  const HeadEnd end = FindHead(bytes, piece, &early);
  if (end.kind != HeadEnd::Kind::kComplete) return;
  const bool refused(ReadResponseHead(bytes.substr(0, end.size), to_head, upgrade, head));
  Require(refused || !early);
  if (refused) return;
  Require(head.status >= 100 && head.status <= 599);
  Require(head.status != 101 || upgrade);
  Require(head.line.find_first_of(std::string_view("\r\n\0", 3)) == head.line.size() - 2);
  RequireFields(head.fields);
  const bool bodiless = to_head || head.status < 200 || head.status == 204 || head.status == 304;
  Require(!bodiless || head.body.done());
  Require(!head.body.until_close() || !head.keep_alive);
  RequireBody(head.body, bytes.substr(end.size), piece);
}

}  // namespace
}  // namespace aloha::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const bool to_head = (data[0] & 1) != 0, upgrade = (data[0] & 2) != 0;
  aloha::http::RequireResponse({reinterpret_cast<const char*>(data) + 1, size - 1},
                               data[0] / size_t{4} + 1, to_head, upgrade);
  return 0;
}
