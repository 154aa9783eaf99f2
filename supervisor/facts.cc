#include "supervisor/facts.h"

#include <filesystem>

#include "supervisor/config/error_page.h"

namespace aloha::supervisor {
namespace {

// Names of the files NAME.pem in a folder; none when there is no such folder.
std::set<std::string> PemNames(const std::string& folder) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".pem") names.insert(entry.path().stem().string());
  }
  return names;
}

}  // namespace

Facts GatherFacts(const Options& options) {
  Facts facts;
  facts.certificates = PemNames(options.state_dir + "/certificates");
  facts.trust_anchors = PemNames(options.state_dir + "/ca");
  facts.secrets_dir = !options.secrets_dir.empty();
  facts.read_page = ReadErrorPage;
  return facts;
}

}  // namespace aloha::supervisor
