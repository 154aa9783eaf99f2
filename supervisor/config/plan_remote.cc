#include "supervisor/config/plan_remote.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/plan_http.h"
#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

// Of a listener that stays.
void ListenerChanges(const worker::v1::ManagementListener& old,
                     const worker::v1::ManagementListener& now, std::vector<std::string>& changes) {
  if (old.certificate().name() != now.certificate().name()) {
    changes.push_back(fmt::format("certificate changes from {} to {}", old.certificate().name(),
                                  now.certificate().name()));
  } else if (PrintText(old.certificate()) != PrintText(now.certificate())) {
    changes.push_back(fmt::format("certificate {} is replaced", now.certificate().name()));
  }
  if (!std::equal(old.trust_anchors().begin(), old.trust_anchors().end(),
                  now.trust_anchors().begin(), now.trust_anchors().end())) {
    changes.emplace_back(
        "the trust anchor of clients changes; who is connected with a certificate that it does not "
        "vouch for is cut");
  }
  const std::string from = NetworksText(old.allow_from(), "everybody");
  const std::string to = NetworksText(now.allow_from(), "everybody");
  if (from != to)
    changes.push_back(fmt::format("who is served changes from {} to {}; others are cut", from, to));
}

void UserChanges(const std::map<std::string, std::string>& old,
                 const std::map<std::string, std::string>& now, std::vector<std::string>& changes) {
  for (const auto& [subject, role] : old) {
    if (!now.contains(subject)) changes.push_back(fmt::format("{} may call no longer", subject));
  }
  for (const auto& [subject, role] : now) {
    const auto before = old.find(subject);
    if (before == old.end()) {
      changes.push_back(fmt::format("{} may call, with the role {}", subject, role));
    } else if (before->second != role) {
      changes.push_back(
          fmt::format("the role of {} changes from {} to {}", subject, before->second, role));
    }
  }
}

}  // namespace

std::vector<std::string> RemoteChanges(const Compiled& running, const Compiled& next) {
  std::vector<std::string> changes;
  if (running.gateway.has_management() && next.gateway.has_management())
    ListenerChanges(running.gateway.management(), next.gateway.management(), changes);
  UserChanges(running.remote_users, next.remote_users, changes);
  return changes;
}

}  // namespace aloha::supervisor
