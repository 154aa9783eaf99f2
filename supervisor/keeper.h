// The supervisor's conversation with the keeper: aloha-system is started by it, and its end is told
// by it.
#ifndef ALOHA_SUPERVISOR_KEEPER_H_
#define ALOHA_SUPERVISOR_KEEPER_H_

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "supervisor/process.h"
#include "supervisor/roles.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

class Keeper {
 public:
  explicit Keeper(UniqueFd socket) : socket_(std::move(socket)) {}

  // A Fleet::Launcher.
  asio::awaitable<Result<pid_t>> Launch(const Role& role, const std::string& binary,
                                        const std::vector<std::string>& arguments,
                                        Inheritance inheritance);

 private:
  UniqueFd socket_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_KEEPER_H_
