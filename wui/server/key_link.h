// Requests for signatures to aloha-keys, without waiting for any.
#ifndef ALOHA_WUI_SERVER_KEY_LINK_H_
#define ALOHA_WUI_SERVER_KEY_LINK_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::wui {

// Control thread.
class KeyLink {
 public:
  // A signature, or why there is none; called once, never from Sign.
  using Done = std::function<void(Result<std::string> signature)>;

  // Both outlive it.
  KeyLink(asio::io_context& loop, Log& log);
  ~KeyLink();

  // From now on requests go there, those under way again. While aloha-keys is gone, they wait for
  // the next one.
  void Use(UniqueFd channel);
  // key, scheme and message are those of handoff.v1.SignRequest. Returns a number for Forget.
  uint64_t Sign(const std::string& key, uint16_t scheme, std::string_view message, Done done);
  // `done` is not called any more.
  void Forget(uint64_t request);

 private:
  struct Pending {
    std::string packet;
    Done done;
  };

  void SendAll();
  // False: the channel is gone.
  bool Send(const Pending& pending);
  void Await();
  void Receive();
  void Lose();

  asio::io_context& loop_;
  Log& log_;
  asio::posix::stream_descriptor channel_;
  asio::steady_timer retry_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Pending> pending_;
  // Expires with it: what was begun before does nothing then.
  std::shared_ptr<int> generation_ = std::make_shared<int>();
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_KEY_LINK_H_
