// The first byte chooses whether and what text is looked for, the second is the split; the rest is
// the response.
#include "tests/fuzz/health/drive.h"
#include "workers/health/http_protocol.h"

namespace {

std::unique_ptr<aloha::health::Dialogue> Make(const char* method, const char* text) {
  aloha::worker::v1::HttpCheck check;
  check.set_method(method);
  check.set_path("/");
  check.set_expect_body(text);
  return aloha::health::MakeHttpDialogue(check, "example.org");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto status = Make("GET", "");
  static const auto head = Make("HEAD", "ok");
  static const auto text = Make("GET", "ok!");
  if (size == 0) return 0;
  aloha::health::Dialogue& dialogue = data[0] % 3 == 0 ? *status : data[0] % 3 == 1 ? *head : *text;
  aloha::health::Drive(dialogue, {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
