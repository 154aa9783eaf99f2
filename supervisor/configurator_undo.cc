// The part of the configurator that undoes what nobody confirmed, also after a crash of the
// supervisor in between.
#include <fmt/format.h>
#include <unistd.h>

#include "supervisor/config/state_file.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

// Until what could not be taken back is tried again.
constexpr std::chrono::seconds kRetry{1};

std::string PendingPath(const Options& options) {
  return options.run_dir + "/config/pending.textproto";
}

}  // namespace

Result<> Configurator::StorePending(const std::optional<Pending>& pending) {
  const std::string path = PendingPath(options_);
  if (!pending) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return FailErrno(path);
    return {};
  }
  config::v1::PendingConfirmation message;
  message.set_previous_version(pending->previous);
  message.set_deadline_us(
      std::chrono::duration_cast<microseconds>(pending->deadline.time_since_epoch()).count());
  message.set_save(pending->save);
  message.set_save_other_version(pending->save_other);
  return WriteState(path, message);
}

void Configurator::LoadPending() {
  config::v1::PendingConfirmation message;
  const auto read = ReadState(PendingPath(options_), &message);
  if (!read) {
    if (read.error().code != Code::kNotFound)
      events_.Add(Event::ERROR, "config", "start", read.error().message);
    return;
  }
  pending_ = Pending{message.previous_version(),
                     system_clock::time_point(microseconds(message.deadline_us())), message.save(),
                     message.save_other_version()};
  ArmUndo();
}

void Configurator::ArmUndo() {
  undo_timer_.cancel();
  if (!pending_) return;
  const system_clock::duration left = pending_->deadline - system_clock::now();
  undo_timer_.expires_after(
      std::max<system_clock::duration>(left, pending_->told ? kRetry : system_clock::duration(0)));
  undo_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Spawn(loop_, Undo());
  });
}

asio::awaitable<void> Configurator::Undo() {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (!pending_ || system_clock::now() < pending_->deadline) co_return;  // confirmed meanwhile
  const uint64_t previous = pending_->previous;
  const Result<> undone = co_await UndoOnce();
  if (undone || !pending_) co_return;
  // Tried again until it works: somebody may be cut off.
  if (!std::exchange(pending_->told, true)) {
    events_.Add(Event::ERROR, "config", fmt::format("version {}", previous),
                fmt::format("nobody confirmed, and it cannot be taken back: {}; trying again",
                            undone.error().message));
  }
  ArmUndo();
}

asio::awaitable<Result<>> Configurator::UndoOnce() {
  Result<ConfigVersion> version = store_->ReadVersion(pending_->previous);
  if (!version) co_return tl::make_unexpected(version.error());
  std::vector<std::string> failures;
  const Compiled before = Compile(version->config, InputFor(version->config, failures));
  Change change;
  change.config = std::move(version->config);
  change.actor = "supervisor";
  change.origin = fmt::format("undo to {}: nobody confirmed", pending_->previous);
  change.back = true;
  const auto applied = co_await ApplyLocked(std::move(change));
  if (applied) co_return Result<>();
  // The way to the machine at least, even while the rest cannot be served.
  (void)co_await SetNetwork(before);
  co_return tl::make_unexpected(applied.error());
}

}  // namespace aloha::supervisor
