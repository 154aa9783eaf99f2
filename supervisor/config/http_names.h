// Names that compilation makes for HTTP services, and validation must know.
#ifndef ALOHA_SUPERVISOR_CONFIG_HTTP_NAMES_H_
#define ALOHA_SUPERVISOR_CONFIG_HTTP_NAMES_H_

#include <string>

#include "config/v1/virtual_service.pb.h"

namespace aloha::supervisor {

// "SERVICE.POOL": the workers' service of a pool.
std::string PoolServiceName(const std::string& service, const std::string& pool);

// A route's path as workers take it: lower case, without a slash at its end.
std::string RoutePrefix(const std::string& path);

// Name of the cookie: "SRV" unless it says otherwise.
std::string CookieName(const config::v1::CookiePersistence& cookie);

// The persistence of a pool: its own, or that of its service.
const config::v1::Persistence& PersistenceOf(const config::v1::VirtualService& service,
                                             const config::v1::Pool& pool);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_HTTP_NAMES_H_
