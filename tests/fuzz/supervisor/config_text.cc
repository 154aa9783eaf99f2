// The whole pipeline over any text: parse, validate, compile, plan; and what is printed reads back
// as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "supervisor/config/plan.h"
#include "supervisor/config/print.h"
#include "supervisor/config/utf8.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

CompileInput Input() {
  CompileInput input{.cores = 2};
  for (const char* name : {"mail", "self-signed"}) {
    input.certificates.add_certificate()->set_name(name);
  }
  input.certificates.add_trust_anchor()->set_name("corp");
  return input;
}

void RunPipeline(std::string_view text) {
  const Facts facts{.certificates = {"mail"}, .trust_anchors = {"corp"}};
  const ParsedConfig checked = CheckConfig(text, facts);
  for (const Problem& problem : checked.problems) {
    // Messages travel as protobuf strings and stand on one line.
    Require(FindInvalidUtf8(FormatProblem(problem)) == std::string::npos);
  }
  if (HasErrors(checked.problems)) return;

  const std::string printed = PrintText(checked.config);
  const ParsedConfig again = CheckConfig(printed, facts);
  Require(!HasErrors(again.problems));
  Require(PrintText(again.config) == printed);

  const CompileInput input = Input();
  const Compiled compiled = Compile(checked.config, input);
  Require(Plan(compiled, Compile(again.config, input)).empty());
  Plan(Compile({}, input), compiled);
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  aloha::supervisor::RunPipeline({reinterpret_cast<const char*>(data), size});
  return 0;
}
