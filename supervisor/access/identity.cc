#include "supervisor/access/identity.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

constexpr std::string_view kPackage = "aloha.admin.v1.";
constexpr size_t kLongestScope = 100;

}  // namespace

Rights RightsOf(config::v1::AccessRole role) {
  switch (role) {
    case config::v1::ACCESS_MONITOR:
      return Rights::kMonitor;
    case config::v1::ACCESS_OPERATOR:
      return Rights::kOperator;
    case config::v1::ACCESS_ADMIN:
      return Rights::kAdmin;
    default:
      return Rights::kNone;
  }
}

Rights RightsOf(config::v1::GrpcUser::Role role) {
  switch (role) {
    case config::v1::GrpcUser::MONITOR:
      return Rights::kMonitor;
    case config::v1::GrpcUser::OPERATOR:
      return Rights::kOperator;
    case config::v1::GrpcUser::ADMIN:
      return Rights::kAdmin;
    default:
      return Rights::kNone;
  }
}

Rights RightsOf(admin::v1::Role role) {
  switch (role) {
    case admin::v1::MONITOR:
      return Rights::kMonitor;
    case admin::v1::OPERATOR:
      return Rights::kOperator;
    case admin::v1::ADMIN:
      return Rights::kAdmin;
    default:
      return Rights::kNone;
  }
}

admin::v1::Role RoleOf(Rights rights) {
  switch (rights) {
    case Rights::kNone:
      return admin::v1::ROLE_UNSPECIFIED;
    case Rights::kMonitor:
      return admin::v1::MONITOR;
    case Rights::kOperator:
      return admin::v1::OPERATOR;
    case Rights::kAdmin:
      return admin::v1::ADMIN;
  }
  return admin::v1::ROLE_UNSPECIFIED;
}

config::v1::AccessRole AccessRoleOf(Rights rights) {
  switch (rights) {
    case Rights::kNone:
      return config::v1::ACCESS_ROLE_UNSPECIFIED;
    case Rights::kMonitor:
      return config::v1::ACCESS_MONITOR;
    case Rights::kOperator:
      return config::v1::ACCESS_OPERATOR;
    case Rights::kAdmin:
      return config::v1::ACCESS_ADMIN;
  }
  return config::v1::ACCESS_ROLE_UNSPECIFIED;
}

std::string PlainAddress(std::string_view text) {
  const auto address = ParseAddress(text.substr(0, text.find('%')));
  if (!address) return {};
  std::string plain = FormatAddress(*address);
  constexpr std::string_view kMapped = "::ffff:";
  const bool mapped = plain.starts_with(kMapped) && plain.find('.') != std::string::npos;
  return mapped ? plain.substr(kMapped.size()) : plain;
}

bool InScope(const std::vector<std::string>& scopes, std::string_view method) {
  return scopes.empty() ||
         std::any_of(scopes.begin(), scopes.end(), [method](std::string_view scope) {
           if (!scope.ends_with("/*")) return scope == method;
           return method.starts_with(scope.substr(0, scope.size() - 1));
         });
}

Result<> CheckScope(std::string_view scope) {
  const size_t slash = scope.find('/');
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const google::protobuf::ServiceDescriptor* service = nullptr;
  if (slash != std::string_view::npos && scope.size() <= kLongestScope) {
    service = pool->FindServiceByName(fmt::format("{}{}", kPackage, scope.substr(0, slash)));
  }
  if (service != nullptr) {
    const std::string method(scope.substr(slash + 1));
    if (method == "*" || service->FindMethodByName(method) != nullptr) return {};
  }
  return Fail(Code::kInvalidArgument,
              fmt::format("\"{}\" is neither a service (\"Services/*\") nor a method "
                          "(\"Stats/GetStats\") of the management API",
                          EscapeForLog(scope.substr(0, kLongestScope))),
              "scopes");
}

}  // namespace aloha::supervisor
