#include "supervisor/firmware/firmware.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "supervisor/access/wall_time.h"
#include "supervisor/config/file.h"
#include "supervisor/config/state_file.h"
#include "supervisor/firmware/version.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

constexpr std::chrono::milliseconds kStep{500};
constexpr std::chrono::seconds kFresh{5};
// RAUC may be away for so long before an installation counts as failed.
constexpr int kPatience = 60;  // of kStep

constexpr char kByPackages[] =
    "this machine has no slots: apt updates its packages (apt update, then apt install aloha)";
constexpr char kInstalling[] = "an update is being installed: wait until it has ended";

tl::unexpected<Error> Refuse(std::string why) {
  return Fail(Code::kFailedPrecondition, std::move(why));
}

int64_t NowSeconds() { return WallMicroseconds() / 1'000'000; }

}  // namespace

Firmware::Firmware(asio::io_context& loop, Events& events, std::string folder, std::string running)
    : loop_(loop),
      events_(events),
      folder_(std::move(folder)),
      running_(std::move(running)),
      rauc_(loop),
      upload_(folder_),
      looking_(loop) {
  rauc_.OnCompleted([this](int result) { OnCompleted(result); });
  state_.set_version(running_.empty() ? ALOHA_VERSION : running_);
}

void Firmware::Load() {
  if (ReadState(BegunPath(), &begun_)) {
    StartToFollow();
  } else {
    begun_.Clear();
    upload_.Remove();  // nobody knows any more whose it was
  }
}

v1::FirmwareState Firmware::state() const {
  v1::FirmwareState state = state_;
  if (upload_.state().total_bytes() > 0) *state.mutable_upload() = upload_.state();
  return state;
}

void Firmware::LookSoon() {
  if (Clock::now() - looked_ < kFresh) return;
  looked_ = Clock::now();
  Spawn(loop_, Look());
}

asio::awaitable<v1::FirmwareState> Firmware::Get() {
  co_await Look();
  co_return state();
}

asio::awaitable<void> Firmware::Look() {
  const AsyncMutex::Guard guard = co_await looking_.Lock();
  const Result<Rauc::Status> status = co_await AskStatus();
  looked_ = Clock::now();
  // While it installs RAUC tells nothing else.
  if (status && status->idle && !busy_) co_await LookAtSlots();
}

asio::awaitable<void> Firmware::LookAtSlots() {
  auto slots = co_await rauc_.GetSlots();
  if (!slots) {
    state_.set_trouble(slots.error().message);
    co_return;
  }
  state_.clear_slots();
  for (v1::FirmwareSlot& slot : *slots) {
    if (slot.booted() && !running_.empty()) slot.set_version(running_);
    *state_.add_slots() = std::move(slot);
  }
}

asio::awaitable<Result<Rauc::Status>> Firmware::AskStatus() {
  const uint64_t ends = ends_;
  Result<Rauc::Status> status = co_await rauc_.GetStatus();
  NoteStatus(status, ends != ends_);
  co_return status;
}

void Firmware::NoteStatus(const Result<Rauc::Status>& status, bool late) {
  if (!status) {
    const bool image = !running_.empty() || status.error().code != Code::kFailedPrecondition;
    state_.set_updates(image ? v1::FirmwareState::SLOTS : v1::FirmwareState::PACKAGES);
    state_.set_trouble(image ? status.error().message : "");
    if (!image) state_.clear_slots();
    return;
  }
  state_.set_updates(v1::FirmwareState::SLOTS);
  state_.clear_trouble();
  compatible_ = status->compatible;
  if (status->idle || late) return;
  if (!following_ && !busy_) {
    completed_.reset();  // of an earlier one
    StartToFollow();
  }
  if (!following_) return;
  state_.mutable_installation()->set_progress_percent(status->percent);
  state_.mutable_installation()->set_step(status->step);
}

void Firmware::OnCompleted(int result) {
  ++ends_;
  if ((following_ || busy_) && !completed_) completed_ = result;
}

asio::awaitable<Result<>> Firmware::Ready() {
  co_await Look();
  if (state_.updates() == v1::FirmwareState::PACKAGES) {
    co_return Refuse(kByPackages);
  }
  if (!state_.trouble().empty()) co_return Refuse(state_.trouble());
  if (following_ || busy_) co_return Refuse(kInstalling);
  co_return Result<>();
}

asio::awaitable<Result<uint64_t>> Firmware::TakePiece(const v1::UploadFirmwareRequest& piece) {
  if (state_.updates() != v1::FirmwareState::SLOTS) co_await Look();
  if (state_.updates() == v1::FirmwareState::PACKAGES) co_return Refuse(kByPackages);
  if (busy_ || following_) co_return Refuse(kInstalling);
  co_return upload_.Take(piece);
}

asio::awaitable<Result<Event>> Firmware::Install(bool allow_downgrade, Who who) {
  const Result<> ready = co_await Ready();
  if (!ready) co_return tl::make_unexpected(ready.error());
  if (!upload_.whole()) {
    co_return Refuse("no whole update file is here: upload one");
  }
  busy_ = true;
  Result<Event> begun = co_await Begin(allow_downgrade, who);
  busy_ = false;
  if (begun) co_return begun;
  events_.Add(Event::WARNING, "firmware", "update",
              fmt::format("not installed: {}", begun.error().message), who.actor, who.method);
  co_return begun;
}

asio::awaitable<Result<Event>> Firmware::Begin(bool allow_downgrade, Who who) {
  const Result<Rauc::Bundle> bundle = co_await CheckFile(allow_downgrade);
  if (!bundle) co_return tl::make_unexpected(bundle.error());
  if (auto remembered = Remember(bundle->version); !remembered) {
    co_return tl::make_unexpected(remembered.error());
  }
  completed_.reset();
  const Result<> begun = co_await rauc_.Install(upload_.path());
  if (!begun) {
    Forget();
    co_return tl::make_unexpected(begun.error());
  }
  StartToFollow();
  co_return events_.Add(Event::INFO, "firmware", bundle->version,
                        fmt::format("installation begun, {} runs", state_.version()), who.actor,
                        who.method);
}

asio::awaitable<Result<Rauc::Bundle>> Firmware::CheckFile(bool allow_downgrade) {
  const auto bundle = co_await rauc_.GetBundle(upload_.path());
  if (!bundle) {
    if (bundle.error().code == Code::kInvalidArgument) upload_.Remove();
    co_return tl::make_unexpected(bundle.error());
  }
  if (bundle->compatible != compatible_ || !IsFirmwareVersion(bundle->version)) {
    upload_.Remove();
    co_return Refuse(fmt::format("the file has \"{}\" for \"{}\", and this machine is \"{}\"",
                                 bundle->version, bundle->compatible, compatible_));
  }
  if (auto right = CheckVersion(bundle->version, allow_downgrade); !right) {
    co_return tl::make_unexpected(right.error());
  }
  co_return *bundle;
}

Result<> Firmware::CheckVersion(const std::string& version, bool allow_downgrade) const {
  if (allow_downgrade || running_.empty() || CompareVersions(version, running_) > 0) return {};
  return Refuse(
      fmt::format("the file has {}, which is not newer than {} that runs: allow a downgrade to "
                  "install it all the same",
                  version, running_));
}

Result<> Firmware::Remember(const std::string& version) {
  begun_.set_version(version);
  begun_.set_begun_s(NowSeconds());
  Result<> kept = WriteState(BegunPath(), begun_);
  if (!kept) begun_.Clear();
  return kept;
}

void Firmware::StartToFollow() {
  following_ = true;
  state_.clear_result();
  state_.mutable_installation()->set_version(begun_.version());
  Spawn(loop_, Follow());
}

asio::awaitable<void> Firmware::Follow() {
  for (int silent = 0, idle = 0; !completed_;) {
    co_await Sleep(kStep);
    Result<Rauc::Status> status = co_await AskStatus();
    silent = status ? 0 : silent + 1;
    if (silent > kPatience) co_return End(status.error().message);
    idle = status && status->idle ? idle + 1 : 0;
    if (completed_ || idle < 2) continue;  // its end may be on its way
    const AsyncMutex::Guard guard = co_await looking_.Lock();
    co_await LookAtSlots();
    co_return End(FindFault(status->last_error));
  }
  std::string fault;
  if (*completed_ != 0) {
    const Result<Rauc::Status> status = co_await rauc_.GetStatus();
    fault = status ? status->last_error : status.error().message;
    if (fault.empty()) fault = "RAUC does not say why";
  }
  End(fault);
}

std::string Firmware::FindFault(const std::string& last_error) const {
  const auto& slots = state_.slots();
  const bool written = std::any_of(slots.begin(), slots.end(), [this](const auto& slot) {
    return !slot.booted() && slot.version() == begun_.version() &&
           slot.installed_s() >= begun_.begun_s();
  });
  if (written) return "";
  return last_error.empty() ? "it ended without a word, and the slot was not written" : last_error;
}

void Firmware::End(const std::string& fault) {
  v1::FirmwareResult& result = *state_.mutable_result();
  result.set_version(begun_.version());
  result.set_succeeded(fault.empty());
  result.set_error(fault);
  result.set_ended_s(NowSeconds());
  events_.Add(fault.empty() ? Event::INFO : Event::ERROR, "firmware",
              begun_.version().empty() ? "update" : begun_.version(),
              fault.empty() ? "installed: the next restart of the machine boots it"
                            : fmt::format("installation failed: {}", fault));
  if (!begun_.version().empty()) Forget();
  following_ = false;
  ++ends_;
  completed_.reset();
  state_.clear_installation();
  Spawn(loop_, Look());
}

void Firmware::Forget() {
  begun_.Clear();
  unlink(BegunPath().c_str());
  upload_.Remove();
}

asio::awaitable<Result<Event>> Firmware::Rollback(Who who) {
  const Result<> ready = co_await Ready();
  if (!ready) co_return tl::make_unexpected(ready.error());
  const auto& slots = state_.slots();
  const auto other = std::find_if(slots.begin(), slots.end(),
                                  [](const v1::FirmwareSlot& slot) { return !slot.next(); });
  if (other == slots.end()) co_return Refuse("there is no other slot");
  // What is looked at anew meanwhile takes the place of state_.
  const v1::FirmwareSlot slot = *other;  // NOLINT(performance-unnecessary-copy-initialization)
  if (slot.state() == v1::FirmwareSlot::EMPTY) {
    co_return Refuse(fmt::format("{} is empty: there is nothing to go back to", slot.name()));
  }
  if (slot.state() != v1::FirmwareSlot::GOOD) {
    co_return Refuse(
        fmt::format("{} is bad: what is there did not come up, or was written only in "
                    "part",
                    slot.name()));
  }
  busy_ = true;
  const Result<> done = co_await rauc_.Activate(slot.name());
  busy_ = false;
  if (!done) co_return tl::make_unexpected(done.error());
  state_.clear_result();  // what it says of the next restart is over
  const Event event = events_.Add(
      Event::WARNING, "firmware", slot.name(),
      fmt::format("the next restart of the machine boots it, with {}",
                  slot.version().empty() ? "a version that is not known" : slot.version()),
      who.actor, who.method);
  co_await Look();
  co_return event;
}

}  // namespace aloha::supervisor
