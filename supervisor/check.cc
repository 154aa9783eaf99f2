#include "supervisor/check.h"

#include <cstdio>

#include "supervisor/config/parse.h"
#include "supervisor/config/state_file.h"
#include "supervisor/config/validate.h"
#include "supervisor/facts.h"

namespace aloha::supervisor {

int CheckFile(const Options& options) {
  const Result<std::string> text = ReadConfigFile(options.config);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().message.c_str());
    return 1;
  }
  config::v1::StoredCertificates imported;
  (void)ReadState(CertificatesPath(options), &imported);  // a folder without them has none
  const ParsedConfig parsed = CheckConfig(*text, GatherFacts(options, imported));
  for (const Problem& problem : parsed.problems) {
    std::fprintf(stderr, "%s:%s\n", options.config.c_str(), FormatProblem(problem).c_str());
  }
  return HasErrors(parsed.problems) ? 1 : 0;
}

}  // namespace aloha::supervisor
