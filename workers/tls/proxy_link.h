// One thread's way to aloha-proxy: connections whose handshake is done, and its requests. A proxy
// that was replaced asks and is answered until it ends; the newest alone gets new clients.
#ifndef ALOHA_WORKERS_TLS_PROXY_LINK_H_
#define ALOHA_WORKERS_TLS_PROXY_LINK_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "handoff/v1/handoff.pb.h"
#include "workers/net/reactor.h"
#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"
#include "workers/tls/bounds.h"
#include "workers/tls/peer.h"

namespace aloha::tls {

class ProxyLink final : private net::Timer {
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
    // The one whose request it answers, and nobody else's; 0: the newest.
    uint64_t peer_id = 0;
    std::function<void()> lost;  // called when nobody took it in time; may be empty
  };

  class Owner {
   public:
    // A request came; the socket is empty where none did.
    virtual void OnProxyRequest(uint64_t peer_id, handoff::v1::ToTls& request, UniqueFd socket) = 0;
    // Parcels for the newest proxy began or ceased to wait: accepting pauses meanwhile.
    virtual void OnBlocked(bool blocked) = 0;

   protected:
    ~Owner() = default;
  };

  // All outlive it. waiting: counts the parcels that wait, of all threads.
  ProxyLink(net::Reactor& reactor, Log& log, std::atomic<uint32_t>& waiting, Owner& owner);
  ~ProxyLink() override;

  // The newest from now on. Null: there is none yet, parcels wait for it.
  void Use(SharedPeer peer);
  // Sends, or has it wait: up to 5 s while there is no proxy, up to 30 s while it is slow. Its
  // socket must not be watched any more.
  void Send(Parcel parcel);
  bool blocked() const { return blocked_; }
  // Loses everything that waits.
  void Clear();
  // Frees what belonged to proxies that are gone; after each batch of events.
  void FreeLost();

 private:
  class Receiver;
  struct Waiting {
    Parcel parcel;
    uint64_t since_ms;
  };

  void OnTimer() override { Retry(); }
  bool IsForNewest(const Parcel& parcel) const {
    return parcel.peer_id == 0 || parcel.peer_id == newest_;
  }
  // Whom it is for; null: not there.
  const Receiver* Find(const Parcel& parcel) const;
  // False: it must wait.
  bool TrySend(const Receiver& to, const Parcel& parcel);
  void Retry();
  void SetBlocked(bool blocked);
  void Lose(const Parcel& parcel);
  void LosePeer(const Receiver& receiver);

  net::Reactor& reactor_;
  Log& log_;
  std::atomic<uint32_t>& waiting_;
  Owner& owner_;
  std::vector<std::unique_ptr<Receiver>> peers_;  // the newest last, unless that one is gone
  std::vector<std::unique_ptr<Receiver>> lost_;   // may be in use until the batch ends
  uint64_t newest_ = 0;                           // its peer's id; 0: none yet
  std::deque<Waiting> queue_;
  bool blocked_ = false;  // some of them are for the newest
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_PROXY_LINK_H_
