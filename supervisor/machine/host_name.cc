#include "supervisor/machine/host_name.h"

#include <limits.h>
#include <unistd.h>

#include <array>

#include "workers/runtime/log.h"

namespace aloha::supervisor {

std::string HostName() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return EscapeForLog(name.data());
}

}  // namespace aloha::supervisor
