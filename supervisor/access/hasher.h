// Hashes passwords on a thread of its own, one at a time: the control thread never waits for it,
// and however many sign in, it takes the memory of one.
#ifndef ALOHA_SUPERVISOR_ACCESS_HASHER_H_
#define ALOHA_SUPERVISOR_ACCESS_HASHER_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <string>

#include "supervisor/access/secret.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Control thread. The loop outlives it.
class Hasher {
 public:
  // At a time; as many again for who is `known`, so that strangers cannot take all there is.
  static constexpr int kMostWaiting = 8;

  explicit Hasher(asio::io_context& loop) : loop_(loop) {}
  ~Hasher();

  // kResourceExhausted: too many wait already, or there is no memory.
  asio::awaitable<Result<bool>> Verify(std::string hash, Secret password, bool known);
  asio::awaitable<Result<std::string>> Hash(Secret password, bool known);

 private:
  Result<> Enter(bool known);
  asio::awaitable<void> Run(std::function<void()> work);

  asio::io_context& loop_;
  asio::thread_pool thread_{1};
  int waiting_ = 0;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_HASHER_H_
