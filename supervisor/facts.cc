#include "supervisor/facts.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "supervisor/config/error_page.h"
#include "supervisor/config/system_anchors.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

constexpr char kEthernet[] = "1";  // ARPHRD_ETHER

}  // namespace

std::string CertificatesPath(const Options& options) {
  return options.state_dir + "/certificates.textproto";
}

std::string MachineName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return EscapeForLog(name);
}

std::vector<std::string> ManageableInterfaces() {
  std::vector<std::string> all, hardware;
  // Unlike /sys/class/net it always tells of the namespace of this process.
  std::ifstream file("/proc/net/dev");
  for (std::string line; std::getline(file, line);) {
    const size_t begin = line.find_first_not_of(' '), end = line.rfind(':');
    if (begin == std::string::npos || end == std::string::npos || end <= begin) continue;
    std::string name = line.substr(begin, end - begin);
    const std::string folder = "/sys/class/net/" + name;
    std::string type;
    std::ifstream(folder + "/type") >> type;
    if (name == "lo" || (!type.empty() && type != kEthernet)) continue;
    if (access((folder + "/device").c_str(), F_OK) == 0) hardware.push_back(name);
    all.push_back(std::move(name));
  }
  std::vector<std::string> found = hardware.empty() ? std::move(all) : std::move(hardware);
  std::sort(found.begin(), found.end());
  return found;
}

Facts GatherFacts(const Options& options, const config::v1::StoredCertificates& imported) {
  Facts facts;
  for (const auto& certificate : imported.certificate()) {
    if (certificate.file().empty()) facts.certificates.insert(certificate.name());
  }
  for (const auto& anchor : imported.trust_anchor()) facts.trust_anchors.insert(anchor.name());
  facts.system_anchors = access(kSystemAnchorsFile, R_OK) == 0;
  facts.secrets_dir = !options.secrets_dir.empty();
  facts.networks = ReadConnectedNetworks();
  facts.read_page = ReadErrorPage;
  facts.interfaces = ManageableInterfaces();
  return facts;
}

}  // namespace aloha::supervisor
