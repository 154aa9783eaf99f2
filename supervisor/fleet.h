// The worker processes: started, adopted, watched, respawned, replaced, stopped. Knows nothing of
// what they run; who equips them is told of every fresh process.
#ifndef ALOHA_SUPERVISOR_FLEET_H_
#define ALOHA_SUPERVISOR_FLEET_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/events.h"
#include "supervisor/process.h"
#include "supervisor/respawn_policy.h"
#include "supervisor/roles.h"

namespace aloha::supervisor {

// What is known of one role's process.
struct Slot {
  enum class State { kStopped, kStarting, kRunning, kWaiting, kDraining, kCrashLoop };
  const Role* role = nullptr;
  State state = State::kStopped;
  bool wanted = false;
  bool respawning = false;           // a coroutine is at it
  std::shared_ptr<Process> process;  // attached and equipped, or null
  RespawnPolicy policy;
  uint32_t restarts = 0;
  std::string last_exit;
  std::vector<std::string> last_log;
  std::string problem;  // why the last start failed; empty when it did not

  // False: the configuration does not ask for it.
  bool InUse() const { return wanted || process || !role->optional; }
};

class Fleet {
 public:
  struct Options {
    std::string run_dir;
    std::string binary_dir;
    std::vector<std::string> worker_arguments;  // log level and format
    std::map<std::string, std::vector<std::string>, std::less<>> role_arguments;  // further ones
  };
  // Starts a process for a role and answers its pid; the default is StartProcess.
  using Launcher = std::function<asio::awaitable<Result<pid_t>>(
      const Role&, const std::string& binary, const std::vector<std::string>& arguments,
      Inheritance)>;
  // Gives a fresh or adopted process what it needs before it counts as running.
  using Equip = std::function<asio::awaitable<Result<>>(std::shared_ptr<Process>)>;

  Fleet(asio::io_context& loop, Options options, Events& events);

  void SetEquip(Equip equip) { equip_ = std::move(equip); }
  // For a role whose processes someone else starts (the keeper).
  void SetLauncher(std::string_view role, Launcher launcher) {
    launchers_[std::string(role)] = std::move(launcher);
  }

  // Attaches to the workers that an earlier supervisor left. They are not equipped yet: Start does
  // that. Answers how many there are.
  asio::awaitable<int> AdoptAll();
  // One of them waits to be taken up.
  bool HasAdopted(std::string_view role) const { return adopted_.contains(role); }

  // Wants the role to run, and waits until it does or its first start failed; later it is tried
  // again and again.
  asio::awaitable<Result<>> Start(const Role& role);
  // Wants it no more: drains at most `drain`, then ends it. Those that made room for it have no
  // more time than that either, and are not waited for.
  asio::awaitable<void> Stop(const Role& role, std::chrono::milliseconds drain);
  // Starts a fresh process beside the old one, which drains at most `drain` in the background, or
  // goes before, as its role says. One that made room earlier has no more time than that either.
  asio::awaitable<Result<>> Replace(const Role& role, std::chrono::milliseconds drain);
  // From now on nothing is started any more, and what is just starting is ended: the supervisor
  // stops.
  void Close() { closed_ = true; }
  // Waits until every process that made room for another one has ended.
  asio::awaitable<void> AwaitRetired();
  // Ends without draining whatever still runs, and waits for what is just starting. The last act of
  // a supervisor that was told to stop now.
  asio::awaitable<void> KillAll();
  // Removes the sockets and journals of workers that have ended.
  void RemovePaths() const;

  // The running process of a role, or null.
  std::shared_ptr<Process> Find(std::string_view role) const;
  // That one first, then those that made room and drain.
  std::vector<std::shared_ptr<Process>> FindAll(std::string_view role) const;
  // Waits until the role runs, at most `timeout`.
  asio::awaitable<std::shared_ptr<Process>> Await(std::string_view role,
                                                  std::chrono::milliseconds timeout);
  const std::map<std::string, Slot, std::less<>>& slots() const { return slots_; }
  // The binary that would run for a role.
  std::string BinaryPath(const Role& role) const;
  // An adopted worker whose binary on disk is another one now.
  bool IsOutdated(const Process& process) const;

 private:
  std::vector<std::string> ArgumentsOf(const Role& role) const;
  asio::awaitable<Result<std::shared_ptr<Process>>> Launch(const Role& role);
  asio::awaitable<Result<>> TakeUp(Slot& slot, Result<std::shared_ptr<Process>> launched);
  asio::awaitable<void> Watch(Slot& slot, std::shared_ptr<Process> process);
  asio::awaitable<void> Respawn(Slot& slot);
  asio::awaitable<void> RespawnUntilUp(Slot& slot);
  void NoteFailedStart(Slot& slot, const Error& error);
  asio::awaitable<void> Retire(std::shared_ptr<Process> process, std::chrono::milliseconds drain);
  void HastenRetired(const Role& role, std::chrono::milliseconds drain);
  asio::awaitable<void> Hasten(std::shared_ptr<Process> process, std::chrono::milliseconds drain);
  asio::awaitable<void> End(std::shared_ptr<Process> process);
  void NoteEnd(Slot& slot, const Process& process);

  asio::io_context& loop_;
  const Options options_;
  Events& events_;
  Equip equip_;
  std::map<std::string, Launcher, std::less<>> launchers_;
  std::map<std::string, Slot, std::less<>> slots_;
  std::map<std::string, std::shared_ptr<Process>, std::less<>>
      adopted_;  // attached, not yet taken up
  std::vector<std::weak_ptr<Process>> all_;
  std::vector<std::shared_ptr<Process>> retiring_;  // they drain or end
  bool closed_ = false;                             // see Close
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FLEET_H_
