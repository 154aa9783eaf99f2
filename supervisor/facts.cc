#include "supervisor/facts.h"

#include <unistd.h>

#include "supervisor/config/error_page.h"
#include "supervisor/config/system_anchors.h"

namespace aloha::supervisor {

std::string CertificatesPath(const Options& options) {
  return options.state_dir + "/certificates.textproto";
}

Facts GatherFacts(const Options& options, const config::v1::StoredCertificates& imported) {
  Facts facts;
  for (const auto& certificate : imported.certificate()) {
    if (certificate.file().empty()) facts.certificates.insert(certificate.name());
  }
  for (const auto& anchor : imported.trust_anchor()) facts.trust_anchors.insert(anchor.name());
  facts.system_anchors = access(kSystemAnchorsFile, R_OK) == 0;
  facts.secrets_dir = !options.secrets_dir.empty();
  facts.read_page = ReadErrorPage;
  return facts;
}

}  // namespace aloha::supervisor
