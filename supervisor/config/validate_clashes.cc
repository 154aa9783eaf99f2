// Validation across parts: no two of them listen on the same address and port.
#include <fmt/format.h>

#include <array>
#include <map>

#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/link_listener.h"
#include "supervisor/config/path.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;

// Who listens where, so far.
class Book {
 public:
  explicit Book(Checker& check) : check_(check) {}

  // Reports at `path` when somebody else has the address and port. What is not well-formed was
  // reported elsewhere.
  void Take(const std::string& path, const std::string& address_text, uint32_t port) {
    const auto address = ParseAddress(address_text);
    if (!address || port < 1 || port > 65535) return;
    // A wildcard covers every address of its family: IPv6 sockets take no IPv4 (IPV6_V6ONLY).
    Port& taken = ports_[{address->v6, port}];
    const std::string* other = nullptr;
    if (!taken.wildcard.empty()) {
      other = &taken.wildcard;
    } else if (address->IsWildcard() && !taken.addresses.empty()) {
      other = &taken.addresses.begin()->second;
    } else if (const auto found = taken.addresses.find(*address); found != taken.addresses.end()) {
      other = &found->second;
    }
    if (other != nullptr) {
      check_.Error(path, fmt::format("{} is taken by {}; change the address or port of one of them",
                                     FormatEndpoint(address_text, port), *other));
    } else if (address->IsWildcard()) {
      taken.wildcard = path;
    } else {
      taken.addresses.emplace(*address, path);
    }
  }

 private:
  struct Port {
    std::string wildcard;  // path of who has it all
    std::map<Address, std::string> addresses;
  };

  Checker& check_;
  std::map<std::pair<bool, uint32_t>, Port> ports_;
};

template <typename Listener>
void TakeManagement(const std::string& path, const Listener& listener, const char* address,
                    uint32_t port, Book& book) {
  if (!listener.enabled()) return;
  book.Take(path, listener.has_address() ? listener.address() : address,
            listener.has_port() ? listener.port() : port);
}

}  // namespace

void ValidateClashes(const Config& config, Checker& check) {
  Book book(check);
  TakeManagement("management.web", config.management().web(), "0.0.0.0", 4444, book);
  TakeManagement("management.grpc", config.management().grpc(), "0.0.0.0", kRemotePort, book);
  TakeManagement("management.metrics", config.management().metrics(), "127.0.0.1", 9101, book);
  if (const auto link = LinkListenerOf(config))
    book.Take("high_availability.link_port", link->address, link->port);
  const std::vector<std::string> addresses = ListenAddresses(config);
  for (const Area area : kAreas) {
    std::map<uint32_t, int> own;  // RPC ports that are equal are reported as such
    for (const AreaPort& port : PortsOf(config, area)) {
      if (area == Area::kRpc && ++own[port.port] > 1) continue;
      for (const std::string& address : addresses) book.Take(port.field, address, port.port);
    }
  }
  for (int i = 0; i < config.virtual_service_size(); ++i) {
    const auto& service = config.virtual_service(i);
    for (int j = 0; j < service.listener_size(); ++j) {
      const auto& listener = service.listener(j);
      book.Take(IndexPath(IndexPath("virtual_service", i) + ".listener", j),
                listener.has_address() ? listener.address() : "0.0.0.0", listener.port());
    }
  }
}

}  // namespace aloha::supervisor
