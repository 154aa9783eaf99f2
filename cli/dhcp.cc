#include "cli/dhcp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "admin/v1/events.grpc.pb.h"
#include "admin/v1/network.grpc.pb.h"

namespace aloha::cli {
namespace {

using namespace std::chrono_literals;

std::atomic<bool> ended{false};

// The process of the client; ends with this.
class Child {
 public:
  ~Child() { End(); }

  bool alive() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }

  // Whoever kills this process ends the client as well.
  int Start(const std::vector<std::string>& command) {
    std::vector<std::string> words = {"setpriv", "--pdeathsig", "TERM", "--"};
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const int failed = posix_spawnp(&pid_, pointers[0], nullptr, nullptr, pointers.data(), environ);
    if (failed != 0) pid_ = 0;
    return failed;
  }

  void End() {
    if (!alive()) return;
    kill(pid_, SIGTERM);
    for (int i = 0; i < 20 && alive(); ++i) std::this_thread::sleep_for(50ms);
    if (!alive()) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

// udhcpc's options: stay in the foreground, ask five times two seconds apart, then tell, and begin
// again ten seconds later.
std::vector<std::string> CommandFor(const DhcpOptions& options, const std::string& interface,
                                    const std::string& hostname) {
  std::vector<std::string> command;
  const auto add_words = [&command](const std::string& text) {
    std::istringstream words(text);
    for (std::string word; words >> word;) command.push_back(word);
  };
  add_words(options.client);
  for (const char* word : {"-f", "-t", "5", "-T", "2", "-A", "10", "-V", "aloha"}) {
    command.emplace_back(word);
  }
  command.insert(command.end(), {"-i", interface, "-s", options.script});
  for (const char* option : {"router", "dns", "ntpsrv"}) {
    command.insert(command.end(), {"-O", option});
  }
  if (!hostname.empty()) command.insert(command.end(), {"-x", "hostname:" + hostname});
  add_words(options.more);
  return command;
}

// Tells of every change of the configuration, at least once a minute. Its own connection: one is
// not for two threads.
void Watch(const ConnectionOptions& connection, Output& output, std::atomic<bool>& changed) {
  while (!ended) {
    Client client(connection, output);
    admin::WatchEventsRequest request;
    request.set_subject("config");
    request.set_backlog(1);
    const auto take = [&changed](const admin::Event&) {
      changed = true;
      return !ended;
    };
    (void)client.Watch<admin::Events::Stub, admin::WatchEventsRequest, admin::Event>(
        &admin::Events::Stub::WatchEvents, request, false, take);
    std::this_thread::sleep_for(500ms);
  }
}

// What the configuration asks for; nothing: the supervisor does not answer.
std::optional<admin::NetworkState> Ask(Client& client) {
  auto reply = client.Call(&admin::Network::Stub::GetNetwork, admin::GetNetworkRequest());
  if (!reply) return std::nullopt;
  return std::move(*reply);
}

void Run(Client& client, const DhcpOptions& options, std::atomic<bool>& changed) {
  Child child;
  std::string running;  // its command
  auto next_start = std::chrono::steady_clock::now();
  std::vector<std::string> command;
  for (; !ended; std::this_thread::sleep_for(100ms)) {
    if (changed.exchange(false)) {
      const auto state = Ask(client);
      if (!state) continue;
      const bool wanted = state->managed() && state->dhcp();
      command.clear();
      if (wanted) command = CommandFor(options, state->interface(), state->hostname());
    }
    const std::string text = fmt::format("{}", fmt::join(command, " "));
    if (text != running) {
      child.End();
      running = text;
      client.output().err() << (text.empty() ? "no DHCP is asked for" : Printable(text))
                            << std::endl;
    }
    const auto now = std::chrono::steady_clock::now();
    if (command.empty() || child.alive() || now < next_start) continue;
    next_start = now + 1s;
    if (const int failed = child.Start(command); failed != 0) {
      client.output().err() << "alohactl: setpriv: " << strerror(failed) << std::endl;
    }
  }
}

}  // namespace

int RunDhcp(Client& client, const DhcpOptions& options) {
  for (const int number : {SIGTERM, SIGINT}) {
    std::signal(number, [](int) { ended = true; });
  }
  // The script's alohactl speaks to the same supervisor.
  setenv("ALOHA_ENDPOINT", client.options().endpoint.c_str(), 1);
  std::atomic<bool> changed{false};
  // Ends with the process: it may wait for an event for a minute.
  std::thread(Watch, client.options(), std::ref(client.output()), std::ref(changed)).detach();
  Run(client, options, changed);
  _exit(kDone);
}

}  // namespace aloha::cli
