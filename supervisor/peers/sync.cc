#include "supervisor/peers/sync.h"

#include <fmt/format.h>

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "supervisor/config/diff.h"
#include "supervisor/peers/sealing.h"

namespace aloha::supervisor {
namespace v1 = peer::v1;
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Asking takes a moment, taking over may have to wait for workers.
constexpr seconds kOfferTimeout{10};
constexpr seconds kPushTimeout{45};
// When it is tried again after a failure, after a refusal, and with nothing to do.
constexpr seconds kRetry{2};
constexpr seconds kRetryRefused{30};
constexpr std::chrono::hours kIdle{1};

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Sync::Sync(Parts parts, std::string journal)
    : parts_(std::move(parts)),
      journal_(std::move(journal)),
      wake_(parts_.loop),
      taking_(parts_.loop) {
  state_.set_state(State::NOT_PAIRED);
  state_.set_since_us(NowUs());
}

void Sync::Start() {
  const Configurator::Shared shared = parts_.configurator.shared();
  Journaled(journal_.Load(shared.state, shared.secret, parts_.configurator.start_was_trusted()));
  OnConfiguration();
  parts_.link.OnChange([this] { Wake(); });
  Spawn(parts_.loop, Keep());
}

void Sync::Wake() {
  woken_ = true;
  wake_.cancel();
}

void Sync::OnConfiguration() {
  // What waits for confirmation may be undone: the other node gets it when it is confirmed.
  if (taking_over_ || parts_.configurator.ConfirmWithin()) return;
  const Configurator::Shared shared = parts_.configurator.shared();
  bool changed = false;
  Journaled(journal_.Note(shared.state, shared.secret, &changed));
  if (!parts_.configurator.unsaved_changes()) Journaled(journal_.NoteSaved());
  if (changed) Wake();
}

asio::awaitable<void> Sync::Keep() {
  for (;;) {
    woken_ = false;
    const milliseconds rest = co_await Round();
    if (woken_) continue;
    wake_.expires_after(rest);
    (void)co_await wake_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  }
}

// One look at the other node. How long to rest afterwards.
asio::awaitable<milliseconds> Sync::Round() {
  const LinkState& link = parts_.link.state();
  connected_ = link.connected;
  if (!link.paired) {
    Tell(State::NOT_PAIRED, "");
    co_return kIdle;
  }
  if (!link.connected) {
    Tell(State::DISCONNECTED, link.reason);
    co_return kIdle;
  }
  const auto offered = co_await Offer(false);
  if (!offered) {
    Tell(State::SYNCING, offered.error().message);
    co_return kRetry;
  }
  Journaled(journal_.Meet(offered->position()));
  const Verdict verdict = Compare(journal_.position(), offered->position());
  if (verdict == Verdict::kInSync) {
    Agree(offered->position());
    co_return kIdle;
  }
  TellVerdict(verdict);
  if (verdict == Verdict::kSameNode) {
    Journaled(journal_.Renew());
    co_return milliseconds(0);
  }
  if (verdict != Verdict::kPush) co_return kRetryRefused;
  const Result<> pushed = co_await Push(*offered);
  if (pushed) co_return kIdle;
  if (state_.state() == State::REFUSED) co_return kRetryRefused;
  Tell(State::SYNCING, pushed.error().message);
  co_return kRetry;
}

asio::awaitable<Result<v1::PushStateResponse>> Sync::Offer(bool want_state) {
  v1::PushStateRequest request;
  *request.mutable_position() = journal_.position();
  request.set_sealed_ticket_keys(co_await SealTicketKeys());
  request.set_want_state(want_state);
  auto offered = co_await parts_.link.Call(&v1::Peer::Stub::async::PushState, std::move(request),
                                           kOfferTimeout);
  if (offered) co_await TakeTicketKeys(offered->sealed_ticket_keys());
  co_return offered;
}

asio::awaitable<Result<>> Sync::SealKeys(const v1::State& state,
                                         const v1::PushStateResponse& offered,
                                         v1::StateUpdate* update) {
  std::set<std::string> held(offered.held_keys().begin(), offered.held_keys().end());
  for (const auto& certificate : state.certificates().certificate()) {
    if (!held.insert(certificate.key()).second) continue;
    worker::v1::SealKeyRequest request;
    request.set_key(certificate.key());
    auto sealed = co_await CallWorker<worker::v1::KeyTransfer>(
        parts_.fleet, &worker::v1::KeyTransfer::Stub::async::SealKey, std::move(request));
    if (!sealed) {
      co_return Fail(sealed.error().code,
                     fmt::format("the private key of certificate \"{}\" cannot be sent: {}",
                                 certificate.name(), sealed.error().message));
    }
    update->add_sealed_keys(std::move(*sealed->mutable_sealed()));
  }
  co_return Result<>();
}

asio::awaitable<Result<v1::StateUpdate>> Sync::MakeUpdate(const v1::PushStateResponse& offered) {
  const Configurator::Shared shared = parts_.configurator.shared();
  if (parts_.configurator.ConfirmWithin() ||
      DigestOf(shared.state) != journal_.position().digest()) {
    co_return Fail(Code::kFailedPrecondition, "a change here waits for confirmation");
  }
  v1::SealedUpdate sealed;
  sealed.mutable_secret()->set_secret(shared.secret);
  *sealed.mutable_stamp() = journal_.position().stamp();
  *sealed.mutable_over() = offered.position().stamp();
  sealed.set_state_digest(WholeDigestOf(shared.state));
  v1::StateUpdate update;
  *update.mutable_state() = shared.state;
  *update.mutable_over() = offered.position().stamp();
  auto bytes = co_await SealMessage(parts_.fleet, std::move(sealed));
  if (!bytes) co_return tl::make_unexpected(bytes.error());
  update.set_sealed(std::move(*bytes));
  const Result<> keys = co_await SealKeys(update.state(), offered, &update);
  if (!keys) co_return tl::make_unexpected(keys.error());
  co_return update;
}

asio::awaitable<Result<>> Sync::Push(const v1::PushStateResponse& offered) {
  v1::PushStateRequest request;
  *request.mutable_position() = journal_.position();
  auto update = co_await MakeUpdate(offered);
  if (!update) co_return tl::make_unexpected(update.error());
  const auto keys = static_cast<uint64_t>(update->sealed_keys_size());
  const v1::Stamp stamp = request.position().stamp();
  Journaled(journal_.BeginSending(stamp));
  *request.mutable_update() = std::move(*update);
  const auto pushed = co_await parts_.link.Call(&v1::Peer::Stub::async::PushState,
                                                std::move(request), kPushTimeout);
  if (!pushed) co_return tl::make_unexpected(pushed.error());
  admin::v1::SyncCounters& counters = *state_.mutable_counters();
  if (!pushed->refusal().empty()) {
    counters.set_updates_refused_by_peer_total(counters.updates_refused_by_peer_total() + 1);
    std::string reason = fmt::format("{} refuses what this node has: {}", PeerName(),
                                     EscapeForLog(pushed->refusal()));
    Tell(State::REFUSED, reason, Event::ERROR);
    co_return Fail(Code::kInvalidArgument, std::move(reason));
  }
  counters.set_updates_sent_total(counters.updates_sent_total() + 1);
  counters.set_keys_sent_total(counters.keys_sent_total() + keys);
  // A change in between has its own stamp, and goes next.
  if (SameStamp(journal_.position().stamp(), stamp)) {
    Agree(pushed->position());
  } else {
    Journaled(journal_.Meet(pushed->position()));
    Wake();
  }
  co_return Result<>();
}

asio::awaitable<Result<std::string>> Sync::Diff() {
  const auto offered = co_await Offer(true);
  if (!offered) co_return tl::make_unexpected(offered.error());
  co_return UnifiedDiff(DescribeState(offered->state()),
                        DescribeState(parts_.configurator.shared().state), PeerName(), "this node");
}

asio::awaitable<Result<>> Sync::Override() {
  if (parts_.configurator.ConfirmWithin()) {
    co_return Fail(Code::kFailedPrecondition,
                   "a change here waits for confirmation; confirm it first");
  }
  auto offered = co_await Offer(false);
  // A connection from before the nodes lost each other may end only now; there is a new one then.
  if (!offered && offered.error().code == Code::kUnavailable) offered = co_await Offer(false);
  if (!offered) co_return tl::make_unexpected(offered.error());
  if (Compare(journal_.position(), offered->position()) == Verdict::kInSync) {
    Agree(offered->position());
    co_return Result<>();
  }
  Journaled(journal_.Override(offered->position()));
  co_return co_await Push(*offered);
}

void Sync::Agree(const v1::Position& peer) {
  Journaled(journal_.Agree(peer, NowUs()));
  Tell(State::IN_SYNC, "");
}

void Sync::TellVerdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPush:
      // Where it was refused, that stands until the next answer.
      if (state_.state() != State::REFUSED) Tell(State::SYNCING, "what this node has is newer");
      return;
    case Verdict::kPull:
      if (state_.state() != State::REFUSED) {
        Tell(State::SYNCING, fmt::format("what {} has is newer", PeerName()));
      }
      return;
    case Verdict::kConflict:
      if (state_.state() != State::CONFLICT) {
        state_.mutable_counters()->set_conflicts_total(state_.counters().conflicts_total() + 1);
      }
      return Tell(State::CONFLICT,
                  "both nodes were changed while they could not reach each other; alohactl vrrp "
                  "show --diff compares them, alohactl vrrp sync on the node whose settings are to "
                  "stay decides",
                  Event::WARNING);
    case Verdict::kSameNode:
    case Verdict::kInSync:
      return;
  }
}

// An event for what administrators should know, once.
void Sync::Tell(State::State state, std::string reason, Event::Severity severity) {
  const bool another = state != state_.state();
  if (!another && reason == state_.reason()) return;
  const bool bad = state == State::CONFLICT || state == State::REFUSED;
  const bool mended = state == State::IN_SYNC && apart_;
  apart_ = state == State::SYNCING ? apart_ : state != State::IN_SYNC;
  if (bad || mended) {
    parts_.events.Add(severity, "sync", PeerName(),
                      bad ? reason : std::string("both nodes have the same"));
  }
  if (another) state_.set_since_us(NowUs());
  state_.set_state(state);
  state_.set_reason(std::move(reason));
}

void Sync::Journaled(const Result<>& written) {
  if (!written) parts_.events.Add(Event::ERROR, "sync", "journal", written.error().message);
}

std::string Sync::PeerName() const {
  const std::string& name = parts_.link.state().node.name();
  return name.empty() ? "the other node" : EscapeForLog(name);
}

Sync::State Sync::Describe() const {
  State state = state_;
  state.set_last_in_sync_us(journal_.in_sync_us());
  state.set_peer(EscapeForLog(parts_.link.state().node.name()));
  return state;
}

}  // namespace aloha::supervisor
