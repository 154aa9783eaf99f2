// What of the machine is systemd's to change: host name, DNS and time servers, time zone, restart.
// Asked for by D-Bus; polkit lets the user aloha do exactly this (deploy/polkit).
#ifndef ALOHA_SUPERVISOR_MACHINE_MACHINE_H_
#define ALOHA_SUPERVISOR_MACHINE_MACHINE_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/config/compile.h"
#include "supervisor/events.h"
#include "supervisor/machine/bus.h"
#include "supervisor/options.h"

namespace aloha::supervisor {

class Machine {
 public:
  Machine(asio::io_context& loop, const Options& options, Events& events);

  // Brings the settings of the managed network to the machine, now and whenever one of the services
  // comes back. What cannot be set becomes an event, and is tried again. Empty ones are left alone,
  // but what was set before is taken back.
  void Set(const MachineSettings& settings, const std::string& interface);

  asio::awaitable<Result<>> Reboot();
  // A name of the IANA database.
  asio::awaitable<Result<>> SetTimeZone(std::string name);
  // In alphabetical order.
  asio::awaitable<Result<std::vector<std::string>>> ListTimeZones();
  // Empty: nothing tells it.
  static std::string TimeZone();

  // "en" or "fr".
  std::string Language() const;
  Result<> SetLanguage(const std::string& language);

 private:
  // One thing that is set, as a whole.
  struct Item {
    std::string wanted, done;  // canonical texts; empty: nothing
    std::string trouble;       // told last
  };

  void Start();
  asio::awaitable<void> Fit();
  asio::awaitable<Result<>> Try(std::string_view name, const MachineSettings& settings,
                                const std::string& interface);
  asio::awaitable<Result<>> SetDns(const MachineSettings& settings, const std::string& interface);

  asio::io_context& loop_;
  const Options options_;
  Events& events_;
  Bus bus_;
  MachineSettings settings_;
  std::string interface_;
  std::map<std::string, Item, std::less<>> items_;  // "host name", "DNS servers", "time servers"
  bool fitting_ = false;
  asio::steady_timer retry_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_MACHINE_H_
