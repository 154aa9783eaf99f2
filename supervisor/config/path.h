// Paths of configuration fields: "imap.mode", "virtual_service[2].server[0].port".
#ifndef ALOHA_SUPERVISOR_CONFIG_PATH_H_
#define ALOHA_SUPERVISOR_CONFIG_PATH_H_

#include <string>
#include <string_view>
#include <vector>

#include "workers/runtime/error.h"

namespace google::protobuf {
class EnumDescriptor;
}

namespace aloha::supervisor {

struct PathStep {
  std::string name;
  int index = -1;  // -1: none given
};

// The steps of a path. kInvalidArgument when it is not one.
Result<std::vector<PathStep>> ParsePath(std::string_view path);

// "a" + "b" is "a.b", "" + "b" is "b".
std::string JoinPath(std::string_view parent, std::string_view field);
// "a" and 2: "a[2]".
std::string IndexPath(std::string_view field, int index);

// The values an administrator may choose, "CLEAR, SSL_FORWARD or DISABLED".
std::string AllowedValues(const google::protobuf::EnumDescriptor& type);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PATH_H_
