#include "supervisor/machine/machine_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

namespace aloha::supervisor {
namespace {

constexpr size_t kMost = 32;

// Empty: none to be told.
std::string TextOf(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_LOOPBACK) != 0) return {};
  const int family = entry.ifa_addr->sa_family;
  if (family != AF_INET && family != AF_INET6) return {};
  const auto length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  char text[NI_MAXHOST] = {};
  const bool told = getnameinfo(entry.ifa_addr, static_cast<socklen_t>(length), text, sizeof(text),
                                nullptr, 0, NI_NUMERICHOST) == 0;
  return told && std::strchr(text, '%') == nullptr ? text : "";
}

}  // namespace

std::vector<std::string> MachineAddresses() {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, freeifaddrs);
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    std::string text = TextOf(*entry);
    if (!text.empty() && addresses.size() < kMost) addresses.push_back(std::move(text));
  }
  return addresses;
}

}  // namespace aloha::supervisor
