// Keeps what both nodes share the same on both: configuration, certificates with their keys, states
// of servers, the secret of persistence, keys of session tickets. Stick entries have a class of
// their own (stick_sync.h).
//
// Whoever changes something pushes it: the other validates, applies and saves it as if an
// administrator there had, or refuses it as a whole. Which of two states is the newer one, their
// stamps say (shared_state.h).
#ifndef ALOHA_SUPERVISOR_PEERS_SYNC_H_
#define ALOHA_SUPERVISOR_PEERS_SYNC_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "admin/v1/synchronization.pb.h"
#include "peer/v1/push.pb.h"
#include "supervisor/async.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/certificates/ticket_keys.h"
#include "supervisor/configurator.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/peers/peer_link.h"
#include "supervisor/peers/shared_state.h"
#include "supervisor/peers/sync_journal.h"

namespace aloha::supervisor {

// All on the control thread.
class Sync {
 public:
  using State = admin::v1::SyncState;

  // Everything it works on; outlives it.
  struct Parts {
    asio::io_context& loop;
    Fleet& fleet;
    Configurator& configurator;
    Certificates& certificates;
    TicketKeys& ticket_keys;
    PeerLink& link;
    Events& events;
    std::function<void()> publish_ticket_keys;  // brings them to aloha-tls
  };

  // journal: the file that keeps where this node stands.
  Sync(Parts parts, std::string journal);

  // When the configuration was loaded; begins as soon as the other node is there.
  void Start();
  // Something that is shared may have changed.
  void OnConfiguration();
  // This node made a new key of session tickets.
  void OnTicketKeys() { Wake(); }

  // Without counters of stick entries, and without a diff.
  State Describe() const;
  // From what the other node has to what this one has. kUnavailable.
  asio::awaitable<Result<std::string>> Diff();
  // Makes the other node take over what this one has. Errors as StartSynchronization.
  asio::awaitable<Result<>> Override();

  // Answers the other node.
  asio::awaitable<Result<peer::v1::PushStateResponse>> Serve(peer::v1::PushStateRequest request);

 private:
  void Wake();
  asio::awaitable<void> Keep();
  asio::awaitable<std::chrono::milliseconds> Round();
  void Tell(State::State state, std::string reason, Event::Severity severity = Event::INFO);
  void TellVerdict(Verdict verdict);
  void Agree(const peer::v1::Position& peer);
  void Journaled(const Result<>& written);
  std::string PeerName() const;

  asio::awaitable<Result<peer::v1::PushStateResponse>> Offer(bool want_state);
  asio::awaitable<Result<>> Push(const peer::v1::PushStateResponse& offered);
  asio::awaitable<Result<peer::v1::StateUpdate>> MakeUpdate(
      const peer::v1::PushStateResponse& offered);
  asio::awaitable<Result<>> SealKeys(const peer::v1::State& state,
                                     const peer::v1::PushStateResponse& offered,
                                     peer::v1::StateUpdate* update);

  asio::awaitable<Result<>> Take(const peer::v1::PushStateRequest& request);
  asio::awaitable<Result<peer::v1::SealedUpdate>> OpenUpdate(
      const peer::v1::PushStateRequest& request);
  asio::awaitable<Result<std::vector<std::string>>> TakeKeys(const peer::v1::StateUpdate& update);
  asio::awaitable<Result<>> Apply(const peer::v1::PushStateRequest& request,
                                  const peer::v1::SealedUpdate& opened);
  asio::awaitable<Result<std::set<std::string>>> HeldKeys();

  asio::awaitable<std::string> SealTicketKeys();
  asio::awaitable<void> TakeTicketKeys(std::string sealed);

  Parts parts_;
  SyncJournal journal_;
  asio::steady_timer wake_;
  bool woken_ = false;
  AsyncMutex taking_;         // one update of the other node at a time
  bool taking_over_ = false;  // what changes now is the other node's
  bool connected_ = false;    // as it was last seen
  bool apart_ = true;         // they were not, or not known to be, the same
  State state_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_SYNC_H_
