#include "supervisor/config/http_names.h"

#include <fmt/format.h>

namespace aloha::supervisor {

std::string PoolServiceName(const std::string& service, const std::string& pool) {
  return fmt::format("{}.{}", service, pool);
}

std::string RoutePrefix(const std::string& path) {
  std::string prefix = path;
  for (char& c : prefix) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
  return prefix;
}

std::string CookieName(const config::v1::CookiePersistence& cookie) {
  return cookie.has_name() ? cookie.name() : "SRV";
}

const config::v1::Persistence& PersistenceOf(const config::v1::VirtualService& service,
                                             const config::v1::Pool& pool) {
  return pool.has_persistence() ? pool.persistence() : service.persistence();
}

}  // namespace aloha::supervisor
