// One thread's way to aloha-proxy: connections whose handshake is done, and its requests.
#ifndef ALOHA_WORKERS_TLS_PROXY_LINK_H_
#define ALOHA_WORKERS_TLS_PROXY_LINK_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "handoff/v1/handoff.pb.h"
#include "workers/net/reactor.h"
#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"
#include "workers/tls/bounds.h"
#include "workers/tls/peer.h"

namespace aloha::tls {

class ProxyLink final : private net::EventHandler, private net::Timer {
 public:
  // What goes to the proxy: a packet with a descriptor or without one.
  struct Parcel {
    // Serializes the message and wipes the keys in it.
    Parcel(handoff::v1::FromTls& message, UniqueFd connection, Bounds::Place taken);
    Parcel(Parcel&&) = default;
    Parcel& operator=(Parcel&&) = default;
    ~Parcel();

    std::string payload;
    UniqueFd socket;  // empty: none
    Bounds::Place place;
    // The one whose request it answers, and nobody else's; 0: whichever serves.
    uint64_t peer_id = 0;
    std::function<void()> lost;  // called when nobody took it in time; may be empty
  };

  class Owner {
   public:
    // A request came; the socket is empty where none did.
    virtual void OnProxyRequest(uint64_t peer_id, handoff::v1::ToTls& request, UniqueFd socket) = 0;
    // Parcels began or ceased to wait: accepting pauses meanwhile.
    virtual void OnBlocked(bool blocked) = 0;

   protected:
    ~Owner() = default;
  };

  // All outlive it. waiting: counts the parcels that wait, of all threads.
  ProxyLink(net::Reactor& reactor, Log& log, std::atomic<uint32_t>& waiting, Owner& owner)
      : reactor_(reactor), log_(log), waiting_(waiting), owner_(owner) {}
  ~ProxyLink() override;

  // Null: there is none, parcels wait for the next.
  void Use(SharedPeer peer);
  // Sends, or has it wait: up to 5 s while there is no proxy, up to 30 s while it is slow. Its
  // socket must not be watched any more.
  void Send(Parcel parcel);
  bool blocked() const { return !queue_.empty(); }
  // Loses everything that waits.
  void Clear();

 private:
  struct Waiting {
    Parcel parcel;
    uint64_t since_ms;
  };

  void OnEvents(uint32_t events, unsigned tag) override;
  void OnTimer() override { Retry(); }
  // False: it must wait.
  bool TrySend(const Parcel& parcel);
  void Retry();
  void Lose(const Parcel& parcel);
  void LosePeer();

  net::Reactor& reactor_;
  Log& log_;
  std::atomic<uint32_t>& waiting_;
  Owner& owner_;
  SharedPeer peer_;  // null: none
  std::deque<Waiting> queue_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_PROXY_LINK_H_
