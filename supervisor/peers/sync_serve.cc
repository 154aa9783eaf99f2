// What the other node sends, and how it is taken over: as a whole, or not at all.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "supervisor/call_worker.h"
#include "supervisor/peers/sealing.h"
#include "supervisor/peers/sync.h"

namespace aloha::supervisor {
namespace v1 = peer::v1;
namespace {

std::vector<std::string> KeysOf(const config::v1::StoredCertificates& certificates) {
  std::vector<std::string> keys;
  for (const auto& certificate : certificates.certificate()) keys.push_back(certificate.key());
  return keys;
}

// They are not now, but soon.
bool IsPassing(const Error& error) {
  return error.code == Code::kAborted || error.code == Code::kUnavailable;
}

}  // namespace

asio::awaitable<Result<v1::PushStateResponse>> Sync::Serve(v1::PushStateRequest request) {
  co_await TakeTicketKeys(request.sealed_ticket_keys());
  v1::PushStateResponse response;
  if (request.has_update()) {
    const AsyncMutex::Guard guard = co_await taking_.Lock();
    const Result<> taken = co_await Take(request);
    if (!taken && IsPassing(taken.error())) co_return tl::make_unexpected(taken.error());
    if (!taken) response.set_refusal(EscapeForLog(taken.error().message));
  } else {
    Journaled(journal_.Meet(request.position()));
    const Verdict verdict = Compare(journal_.position(), request.position());
    if (verdict == Verdict::kInSync) Agree(request.position());
    TellVerdict(verdict);
    if (verdict == Verdict::kPush) Wake();
  }
  *response.mutable_position() = journal_.position();
  auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  for (const std::string& key : *held) response.add_held_keys(key);
  if (!request.sealed_ticket_keys().empty()) {
    response.set_sealed_ticket_keys(co_await SealTicketKeys());
  }
  if (request.want_state()) *response.mutable_state() = parts_.configurator.shared().state;
  co_return response;
}

asio::awaitable<Result<std::set<std::string>>> Sync::HeldKeys() {
  const auto listed = co_await CallWorker<worker::v1::Keys>(
      parts_.fleet, &worker::v1::Keys::Stub::async::ListKeys, worker::v1::ListKeysRequest());
  if (!listed) co_return tl::make_unexpected(listed.error());
  std::set<std::string> keys;
  for (const auto& report : listed->keys()) keys.insert(report.key());
  co_return keys;
}

// An update may be taken over while what this node has is older, and is what the other node thinks.
asio::awaitable<Result<>> Sync::Take(const v1::PushStateRequest& request) {
  const auto older = [&] {
    const Verdict verdict = Compare(journal_.position(), request.position());
    return SameStamp(request.update().over(), journal_.position().stamp()) &&
           (verdict == Verdict::kPull || verdict == Verdict::kInSync);
  };
  const auto stale = [] {
    return Fail(Code::kAborted, "this node has changed meanwhile; ask again");
  };
  if (!older()) co_return stale();
  Result<> taken = CheckKnown(request.update().state());
  if (taken) taken = CheckNames(request.update().state().certificates());
  if (taken) {
    auto opened = co_await OpenUpdate(request);
    if (!opened) {
      taken = tl::make_unexpected(opened.error());
    } else if (!older()) {
      co_return stale();
    } else {
      taken = co_await Apply(request, *opened);
    }
  }
  admin::v1::SyncCounters& counters = *state_.mutable_counters();
  if (taken) {
    counters.set_updates_received_total(counters.updates_received_total() + 1);
    Agree(request.position());
  } else if (!IsPassing(taken.error())) {
    counters.set_updates_refused_total(counters.updates_refused_total() + 1);
    Tell(State::REFUSED,
         fmt::format("this node refuses what {} has: {}", PeerName(),
                     EscapeForLog(taken.error().message)),
         Event::ERROR);
  }
  co_return taken;
}

asio::awaitable<Result<v1::SealedUpdate>> Sync::OpenUpdate(const v1::PushStateRequest& request) {
  const v1::StateUpdate& update = request.update();
  auto opened = co_await OpenMessage<v1::SealedUpdate>(parts_.fleet, update.sealed());
  if (!opened) co_return opened;
  const bool meant = SameStamp(opened->stamp(), request.position().stamp()) &&
                     SameStamp(opened->over(), update.over()) &&
                     opened->state_digest() == WholeDigestOf(update.state());
  if (meant) co_return opened;
  co_return Fail(Code::kPermissionDenied, "it was changed on the way between the nodes");
}

// Has aloha-keys keep the private keys; answers those that it had not.
asio::awaitable<Result<std::vector<std::string>>> Sync::TakeKeys(const v1::StateUpdate& update) {
  std::vector<std::string> fresh;
  for (const std::string& sealed : update.sealed_keys()) {
    worker::v1::TakeKeyRequest request;
    request.set_sealed(sealed);
    const auto taken = co_await CallWorker<worker::v1::KeyTransfer>(
        parts_.fleet, &worker::v1::KeyTransfer::Stub::async::TakeKey, std::move(request));
    if (!taken) {
      co_await parts_.certificates.DropUnneeded(std::move(fresh));
      co_return tl::make_unexpected(taken.error());
    }
    if (taken->fresh()) fresh.push_back(taken->key());
  }
  co_return fresh;
}

asio::awaitable<Result<>> Sync::Apply(const v1::PushStateRequest& request,
                                      const v1::SealedUpdate& opened) {
  auto fresh = co_await TakeKeys(request.update());
  if (!fresh) co_return tl::make_unexpected(fresh.error());
  const auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  for (const auto& certificate : request.update().state().certificates().certificate()) {
    if (held->contains(certificate.key())) continue;
    co_return Fail(
        Code::kUnavailable,
        fmt::format("the private key of certificate \"{}\" is missing here", certificate.name()));
  }
  std::vector<std::string> old_keys = KeysOf(parts_.configurator.certificates());
  taking_over_ = true;
  // Arguments with names of their own: g++ 12 destroys braced temporaries of a co_await twice.
  Configurator::Shared theirs{request.update().state(), opened.secret().secret()};
  const auto begin = [this] { return journal_.BeginTaking(); };
  auto applied = co_await parts_.configurator.TakeOver(std::move(theirs),
                                                       fmt::format("node {}", PeerName()), begin);
  taking_over_ = false;
  if (!applied) {
    Journaled(journal_.AbandonTaking());
    Spawn(parts_.loop, parts_.certificates.DropUnneeded(std::move(*fresh)));
    co_return tl::make_unexpected(applied.error());
  }
  const Configurator::Shared shared = parts_.configurator.shared();
  Journaled(journal_.FinishTaking(shared.state, shared.secret, request.position().stamp(),
                                  request.position().node()));
  state_.mutable_counters()->set_keys_received_total(state_.counters().keys_received_total() +
                                                     fresh->size());
  Spawn(parts_.loop, parts_.certificates.DropUnneeded(std::move(old_keys)));
  co_return Result<>();
}

// Empty when they cannot be sealed now: the next question carries them.
asio::awaitable<std::string> Sync::SealTicketKeys() {
  v1::SealedTicketKeys message;
  *message.mutable_keys() = parts_.ticket_keys.keys();
  const auto sealed = co_await SealMessage(parts_.fleet, std::move(message));
  co_return sealed ? *sealed : std::string();
}

asio::awaitable<void> Sync::TakeTicketKeys(std::string sealed) {
  if (sealed.empty()) co_return;
  const auto opened = co_await OpenMessage<v1::SealedTicketKeys>(parts_.fleet, std::move(sealed));
  if (!opened) {
    parts_.events.Add(Event::WARNING, "sync", "session tickets",
                      fmt::format("keys of {} cannot be used: {}", PeerName(),
                                  EscapeForLog(opened.error().message)));
    co_return;
  }
  const auto merged = parts_.ticket_keys.Merge(opened->keys(), std::chrono::system_clock::now());
  if (!merged) {
    parts_.events.Add(Event::ERROR, "sync", "session tickets", merged.error().message);
  } else if (*merged) {
    parts_.publish_ticket_keys();
  }
}

}  // namespace aloha::supervisor
