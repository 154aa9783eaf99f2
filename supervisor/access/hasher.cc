#include "supervisor/access/hasher.h"

#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "supervisor/access/password.h"

namespace aloha::supervisor {
namespace {

constexpr auto kNoThrow = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace

Hasher::~Hasher() {
  thread_.stop();
  thread_.join();
}

Result<> Hasher::Enter(bool known) {
  if (waiting_ < (known ? 2 * kMostWaiting : kMostWaiting)) return {};
  return Fail(Code::kResourceExhausted,
              "too many passwords are being checked; try again in some seconds");
}

// Suspends until `work` is done. What it refers to must live on its own: the coroutine may end
// before it does.
asio::awaitable<void> Hasher::Run(std::function<void()> work) {
  const auto done =
      std::make_shared<asio::steady_timer>(loop_, asio::steady_timer::time_point::max());
  ++waiting_;
  asio::post(thread_, [&loop = loop_, work = std::move(work), done] {
    work();
    asio::post(loop, [done] { done->cancel(); });
  });
  (void)co_await done->async_wait(kNoThrow);
  --waiting_;
}

asio::awaitable<Result<bool>> Hasher::Verify(std::string hash, Secret password, bool known) {
  if (auto entered = Enter(known); !entered) co_return tl::make_unexpected(entered.error());
  const auto right = std::make_shared<bool>(false);
  std::function<void()> work = [hash = std::move(hash), password, right] {
    *right = VerifyPassword(hash, password.text());
  };
  co_await Run(std::move(work));
  co_return *right;
}

asio::awaitable<Result<std::string>> Hasher::Hash(Secret password, bool known) {
  if (auto entered = Enter(known); !entered) co_return tl::make_unexpected(entered.error());
  const auto hash = std::make_shared<std::string>();
  std::function<void()> work = [password, hash] { *hash = HashPassword(password.text()); };
  co_await Run(std::move(work));
  if (hash->empty()) {
    co_return Fail(Code::kResourceExhausted, "no memory to hash a password; try again");
  }
  co_return *hash;
}

}  // namespace aloha::supervisor
