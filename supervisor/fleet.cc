#include "supervisor/fleet.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/async.h"
#include "supervisor/call.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::seconds kEndTimeout{5};
constexpr size_t kJournalLines = 10;
// What clients wait at most while a process that its peers know alone makes room.
constexpr std::chrono::seconds kHandOver{2};
// Who ends everything at once signals workers and supervisor one after the other: a moment to hear
// of it before a worker is replaced that was meant to end.
constexpr std::chrono::milliseconds kStopNotice{2};

v1::DrainRequest DrainWithin(std::chrono::milliseconds time) {
  v1::DrainRequest request;
  request.set_timeout_ms(static_cast<uint64_t>(time.count()));
  return request;
}

void Signal(const Process& process, int signal) {
  syscall(SYS_pidfd_send_signal, process.pidfd.get(), signal, nullptr, 0);
}

}  // namespace

Fleet::Fleet(asio::io_context& loop, Options options, Events& events)
    : loop_(loop), options_(std::move(options)), events_(events) {
  for (const Role& role : Roles()) slots_[std::string(role.name)].role = &role;
}

std::string Fleet::BinaryPath(const Role& role) const {
  return FindBinary(options_.binary_dir, role.binary);
}

std::vector<std::string> Fleet::ArgumentsOf(const Role& role) const {
  std::vector<std::string> arguments = options_.worker_arguments;
  const auto further = options_.role_arguments.find(role.name);
  if (further != options_.role_arguments.end()) {
    arguments.insert(arguments.end(), further->second.begin(), further->second.end());
  }
  return arguments;
}

bool Fleet::IsOutdated(const Process& process) const {
  return process.info.binary_id() != BinaryId(BinaryPath(*process.role));
}

asio::awaitable<int> Fleet::AdoptAll() {
  for (const Role& role : Roles()) {
    const WorkerPaths paths(options_.run_dir, role.name);
    Result<std::shared_ptr<Process>> process = co_await Attach(role, paths.control);
    if (!process) {
      // Nobody there is the usual case; one who does not answer leaves by itself after a while.
      if (process.error().code != Code::kUnavailable) {
        events_.Add(Event::WARNING, "worker", role.name,
                    fmt::format("an earlier one was not adopted: {}", process.error().message));
      }
      continue;
    }
    (*process)->adopted = true;
    adopted_[std::string(role.name)] = *process;
    all_.push_back(*process);
  }
  co_return static_cast<int>(adopted_.size());
}

asio::awaitable<Result<std::shared_ptr<Process>>> Fleet::Launch(const Role& role) {
  if (closed_) co_return Fail(Code::kAborted, "the supervisor is stopping");
  const WorkerPaths paths(options_.run_dir, role.name);
  Result<Inheritance> inheritance = PrepareInheritance(paths);
  if (!inheritance) co_return tl::make_unexpected(inheritance.error());
  const std::string binary = BinaryPath(role);
  const auto launcher = launchers_.find(role.name);
  Result<pid_t> pid = 0;
  if (launcher != launchers_.end()) {
    pid = co_await launcher->second(role, binary, ArgumentsOf(role), std::move(*inheritance));
  } else {
    pid = StartProcess(binary, ArgumentsOf(role), *inheritance);
  }
  if (!pid) co_return tl::make_unexpected(pid.error());
  // Ours must not keep the control socket alive, or the end of a process that dies now would go
  // unseen.
  *inheritance = {};
  auto early = std::make_shared<Process>();
  early->pid = *pid;
  early->child = launcher == launchers_.end();
  early->pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  all_.push_back(early);
  if (closed_) Signal(*early, SIGKILL);
  Result<std::shared_ptr<Process>> process = co_await Attach(role, paths.control);
  if (!process) {
    if (early->pidfd) {
      Signal(*early, SIGKILL);
      co_await WaitForEnd(early);
    }
    const std::vector<std::string> lines = ReadJournal(paths.journal, 1);
    co_return Fail(Code::kUnavailable,
                   fmt::format("{}: {}{}", process.error().message, DescribeEnd(early->status),
                               lines.empty() ? "" : "; " + lines.back()));
  }
  (*process)->child = early->child;
  all_.push_back(*process);
  co_return process;
}

// Equips a process and makes it the running one.
asio::awaitable<Result<>> Fleet::TakeUp(Slot& slot, Result<std::shared_ptr<Process>> launched) {
  if (!launched) co_return tl::make_unexpected(launched.error());
  std::shared_ptr<Process> process = *launched;
  Spawn(loop_, Watch(slot, process));
  Result<> equipped;
  if (slot.wanted) equipped = co_await equip_(process);
  if (!equipped) {
    Signal(*process, SIGKILL);
    co_return equipped;
  }
  if (!slot.wanted) {
    co_await Retire(process, std::chrono::milliseconds(0));
    co_return Fail(Code::kAborted,
                   fmt::format("{} was stopped while it started", slot.role->binary));
  }
  if (process->ended)
    co_return Fail(Code::kUnavailable, fmt::format("{} ended while it started", slot.role->binary));
  slot.process = std::move(process);
  slot.state = Slot::State::kRunning;
  slot.problem.clear();
  co_return Result<>();
}

asio::awaitable<Result<>> Fleet::Start(const Role& role) {
  Slot& slot = slots_.find(role.name)->second;
  if (closed_) co_return Fail(Code::kAborted, "the supervisor is stopping");
  slot.wanted = true;
  if (slot.process || slot.state == Slot::State::kStarting) co_return Result<>();
  slot.policy.Forget();
  slot.state = Slot::State::kStarting;
  Result<std::shared_ptr<Process>> process = nullptr;
  if (auto adopted = adopted_.extract(std::string(role.name))) {
    process = std::move(adopted.mapped());
  } else {
    process = co_await Launch(role);
  }
  Result<> up = co_await TakeUp(slot, process);
  if (!up) {
    NoteFailedStart(slot, up.error());
    Spawn(loop_, Respawn(slot));
    co_return up;
  }
  events_.Add(
      Event::INFO, "worker", role.name,
      fmt::format("{} (pid {})", (*process)->adopted ? "adopted" : "started", (*process)->pid));
  co_return up;
}

asio::awaitable<void> Fleet::Watch(Slot& slot, std::shared_ptr<Process> process) {
  co_await WaitForEnd(process);
  process->ended = true;
  if (slot.process != process)
    co_return;  // retired, or it never came up: somebody else deals with it
  slot.process.reset();
  NoteEnd(slot, *process);
  co_await Sleep(kStopNotice);
  co_await Respawn(slot);
}

void Fleet::NoteEnd(Slot& slot, const Process& process) {
  const WorkerPaths paths(options_.run_dir, slot.role->name);
  slot.last_exit = DescribeEnd(process.status);
  slot.last_log = ReadJournal(paths.journal, kJournalLines);
  ++slot.restarts;
  events_.Add(Event::ERROR, "worker", slot.role->name,
              fmt::format("pid {} ended: {}", process.pid, slot.last_exit));
}

void Fleet::NoteFailedStart(Slot& slot, const Error& error) {
  const bool missed = slot.wanted && !closed_;
  slot.state = missed ? Slot::State::kWaiting : Slot::State::kStopped;
  if (!missed) return;
  if (std::exchange(slot.problem, error.message) == error.message) return;  // told already
  events_.Add(Event::ERROR, "worker", slot.role->name,
              fmt::format("did not start: {}", slot.problem));
}

// One at a time for a role; it gives way to whoever starts the role meanwhile.
asio::awaitable<void> Fleet::Respawn(Slot& slot) {
  if (std::exchange(slot.respawning, true)) co_return;
  co_await RespawnUntilUp(slot);
  slot.respawning = false;
  // Nobody is to wait for it.
  if (closed_ && !slot.process && slot.state != Slot::State::kStarting) {
    slot.state = Slot::State::kStopped;
  }
}

asio::awaitable<void> Fleet::RespawnUntilUp(Slot& slot) {
  const auto taken = [this, &slot] {
    return closed_ || !slot.wanted || slot.process || slot.state == Slot::State::kStarting;
  };
  bool told = false;
  while (!taken()) {
    auto pause = slot.policy.Ended(std::chrono::steady_clock::now());
    if (slot.policy.InCrashLoop(std::chrono::steady_clock::now())) {
      if (!std::exchange(told, true)) {
        events_.Add(Event::ERROR, "worker", slot.role->name,
                    fmt::format("crash loop: last {}; trying again every {} s", slot.last_exit,
                                RespawnPolicy::kLongestPause.count() / 1000));
      }
      slot.state = Slot::State::kCrashLoop;
      pause = RespawnPolicy::kLongestPause;
    } else {
      slot.state = Slot::State::kWaiting;
    }
    if (pause.count() > 0) co_await Sleep(pause);
    if (taken()) co_return;
    slot.state = Slot::State::kStarting;
    Result<std::shared_ptr<Process>> process = co_await Launch(*slot.role);
    Result<> up = co_await TakeUp(slot, process);
    if (up) {
      events_.Add(Event::INFO, "worker", slot.role->name,
                  fmt::format("started again (pid {})", slot.process->pid));
      co_return;
    }
    NoteFailedStart(slot, up.error());
  }
}

asio::awaitable<void> Fleet::Stop(const Role& role, std::chrono::milliseconds drain) {
  Slot& slot = slots_.find(role.name)->second;
  slot.wanted = false;
  std::shared_ptr<Process> process = std::exchange(slot.process, nullptr);
  if (auto adopted = adopted_.extract(std::string(role.name))) process = adopted.mapped();
  HastenRetired(role, drain);
  if (process) {
    slot.state = Slot::State::kDraining;
    co_await Retire(process, drain);
  }
  // One that is just starting sees that it is not wanted, and is ended by who started it.
  while (!slot.wanted && slot.state == Slot::State::kStarting) {
    co_await Sleep(std::chrono::milliseconds(10));
  }
  if (!slot.wanted) slot.state = Slot::State::kStopped;
}

asio::awaitable<Result<>> Fleet::Replace(const Role& role, std::chrono::milliseconds drain) {
  Slot& slot = slots_.find(role.name)->second;
  std::shared_ptr<Process> old = slot.process;
  if (!old) co_return co_await Start(role);
  if (slot.state == Slot::State::kStarting) {
    co_return Fail(Code::kAborted, fmt::format("{} is just being replaced", role.binary));
  }
  slot.policy.Forget();
  slot.state = Slot::State::kStarting;
  Result<std::shared_ptr<Process>> process = co_await Launch(role);
  const bool gave_way = process && role.succession == Succession::kAfterDrain;
  const bool ended = process && role.succession == Succession::kAfterEnd;
  if (gave_way) {
    const v1::DrainRequest request = DrainWithin(kHandOver);
    (void)co_await Call(old->worker->async(), &v1::Worker::Stub::async::Drain, request,
                        kHandOver + kEndTimeout);
  } else if (ended) {
    if (slot.process == old) slot.process.reset();  // its end is no accident
    co_await End(old);
  }
  Result<> up = co_await TakeUp(slot, process);
  if (!up) {
    NoteFailedStart(slot, up.error());
    if (gave_way && slot.process == old) {
      slot.process.reset();
      Spawn(loop_, Retire(old, std::chrono::milliseconds(0)));
    }
    if (slot.process) {
      slot.state = Slot::State::kRunning;  // the old one serves on
      slot.problem.clear();
    } else {
      Spawn(loop_, Respawn(slot));
    }
    co_return up;
  }
  events_.Add(Event::INFO, "worker", role.name,
              fmt::format("replaced pid {} by pid {}", old->pid, (*process)->pid));
  HastenRetired(role, drain);
  if (!ended) Spawn(loop_, Retire(old, drain));
  co_return Result<>();
}

asio::awaitable<void> Fleet::Retire(std::shared_ptr<Process> process,
                                    std::chrono::milliseconds drain) {
  retiring_.push_back(process);
  const v1::DrainRequest request = DrainWithin(drain);
  (void)co_await Call(process->worker->async(), &v1::Worker::Stub::async::Drain, request,
                      drain + kEndTimeout);
  co_await End(process);
  std::erase(retiring_, process);
}

void Fleet::HastenRetired(const Role& role, std::chrono::milliseconds drain) {
  for (const auto& process : retiring_) {
    if (process->role == &role) Spawn(loop_, Hasten(process, drain));
  }
}

// Its drain is over earlier, and so is what waits for it; one that does not answer is ended here.
asio::awaitable<void> Fleet::Hasten(std::shared_ptr<Process> process,
                                    std::chrono::milliseconds drain) {
  const v1::DrainRequest request = DrainWithin(drain);
  const auto drained = co_await Call(process->worker->async(), &v1::Worker::Stub::async::Drain,
                                     request, drain + kEndTimeout);
  if (!drained) co_await End(process);
}

asio::awaitable<void> Fleet::End(std::shared_ptr<Process> process) {
  Signal(*process, SIGTERM);
  // In a statement of its own: g++ 12 puts what is negated in place where the frame begins.
  const bool ended = co_await WaitReadable(process->pidfd.get(), kEndTimeout);
  if (!ended) Signal(*process, SIGKILL);
  co_await WaitForEnd(process);
}

asio::awaitable<void> Fleet::AwaitRetired() {
  while (!retiring_.empty()) co_await Sleep(std::chrono::milliseconds(10));
}

asio::awaitable<void> Fleet::KillAll() {
  for (auto& [name, slot] : slots_) slot.wanted = false;
  for (const auto& weak : all_) {
    if (const auto process = weak.lock()) Signal(*process, SIGKILL);
  }
  const auto starts = [](const auto& entry) {
    return entry.second.state == Slot::State::kStarting;
  };
  while (std::any_of(slots_.begin(), slots_.end(), starts)) {
    co_await Sleep(std::chrono::milliseconds(10));
  }
}

void Fleet::RemovePaths() const {
  for (const Role& role : Roles()) {
    const WorkerPaths paths(options_.run_dir, role.name);
    unlink(paths.control.c_str());
    unlink(paths.journal.c_str());
  }
}

std::shared_ptr<Process> Fleet::Find(std::string_view role) const {
  const auto slot = slots_.find(role);
  return slot == slots_.end() ? nullptr : slot->second.process;
}

std::vector<std::shared_ptr<Process>> Fleet::FindAll(std::string_view role) const {
  std::vector<std::shared_ptr<Process>> found;
  if (const auto running = Find(role)) found.push_back(running);
  for (const auto& process : retiring_) {
    if (process->role->name == role && !process->ended) found.push_back(process);
  }
  return found;
}

asio::awaitable<std::shared_ptr<Process>> Fleet::Await(std::string_view role,
                                                       std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!Find(role) && std::chrono::steady_clock::now() < deadline)
    co_await Sleep(std::chrono::milliseconds(10));
  co_return Find(role);
}

}  // namespace aloha::supervisor
