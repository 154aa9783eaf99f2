// One thread's requests for signatures to aloha-keys, sent in batches.
#ifndef ALOHA_WORKERS_TLS_KEY_LINK_H_
#define ALOHA_WORKERS_TLS_KEY_LINK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "handoff/v1/handoff.pb.h"
#include "workers/net/reactor.h"
#include "workers/runtime/log.h"
#include "workers/tls/peer.h"
#include "workers/tls/remote_key.h"

namespace aloha::tls {

using SignResponseList = std::vector<handoff::v1::SignResponse>;

class KeyLink final : public Signer, private net::EventHandler, private net::Timer {
 public:
  // Hands responses to the thread of this index, which gives them to its own link. May be called
  // with any number.
  using PassOn = std::function<void(uint32_t thread, SignResponseList responses)>;

  // reactor and log outlive it.
  KeyLink(uint32_t thread, net::Reactor& reactor, Log& log, PassOn pass_on);
  ~KeyLink() override;

  // From now on requests go there, those under way again; null: they wait for the next.
  void Use(SharedPeer peer);
  uint64_t Sign(const std::string& key, uint16_t scheme, std::string_view message,
                SignatureWaiter& waiter) override;
  void Forget(uint64_t request) override { pending_.erase(request); }
  // Sends what was asked for since the last call. After each batch of events.
  void Flush();
  // Responses to requests of this thread; unknown ones are dropped.
  void Take(SignResponseList responses);

 private:
  struct Pending {
    handoff::v1::SignRequest request;
    SignatureWaiter* waiter;
  };

  void OnEvents(uint32_t events, unsigned tag) override;
  void OnTimer() override { Flush(); }
  void Receive();
  void LosePeer();

  const uint32_t thread_;
  net::Reactor& reactor_;
  Log& log_;
  const PassOn pass_on_;
  SharedPeer peer_;  // null: none
  uint64_t last_id_;
  std::unordered_map<uint64_t, Pending> pending_;
  std::vector<uint64_t> unsent_;  // those forgotten meanwhile too
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_KEY_LINK_H_
