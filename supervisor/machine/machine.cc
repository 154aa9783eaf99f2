#include "supervisor/machine/machine.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>

#include "supervisor/async.h"
#include "supervisor/config/address.h"
#include "supervisor/config/state_file.h"

namespace aloha::supervisor {
namespace {

constexpr std::chrono::seconds kRetry{30};
constexpr std::string_view kHostName = "host name", kDns = "DNS servers", kNtp = "time servers";
constexpr std::array kItems = {kHostName, kDns, kNtp};

constexpr char kResolved[] = "org.freedesktop.resolve1", kTimesyncd[] = "org.freedesktop.timesync1",
               kHostnamed[] = "org.freedesktop.hostname1";
constexpr BusMethod kSetHostName = {kHostnamed, "/org/freedesktop/hostname1",
                                    "org.freedesktop.hostname1", "SetStaticHostname"};
constexpr BusMethod kSetLinkDns = {kResolved, "/org/freedesktop/resolve1",
                                   "org.freedesktop.resolve1.Manager", "SetLinkDNS"};
constexpr BusMethod kSetNtpServers = {kTimesyncd, "/org/freedesktop/timesync1",
                                      "org.freedesktop.timesync1.Manager", "SetRuntimeNTPServers"};
constexpr BusMethod kReboot = {"org.freedesktop.login1", "/org/freedesktop/login1",
                               "org.freedesktop.login1.Manager", "Reboot"};
constexpr BusMethod kSetTimeZone = {"org.freedesktop.timedate1", "/org/freedesktop/timedate1",
                                    "org.freedesktop.timedate1", "SetTimezone"};
constexpr BusMethod kListTimeZones = {"org.freedesktop.timedate1", "/org/freedesktop/timedate1",
                                      "org.freedesktop.timedate1", "ListTimezones"};
// The last argument of most methods: nobody is there to be asked for a password.
constexpr int kNotInteractive = 0;

int AppendStrings(sd_bus_message* message, const std::vector<std::string>& strings) {
  int step = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "s");
  for (const std::string& text : strings) {
    if (step >= 0) step = sd_bus_message_append_basic(message, SD_BUS_TYPE_STRING, text.c_str());
  }
  return step < 0 ? step : sd_bus_message_close_container(message);
}

int AppendAddress(sd_bus_message* message, const Address& address) {
  int step = sd_bus_message_open_container(message, SD_BUS_TYPE_STRUCT, "iay");
  if (step >= 0) step = sd_bus_message_append(message, "i", address.v6 ? AF_INET6 : AF_INET);
  if (step >= 0) {
    step = sd_bus_message_append_array(message, SD_BUS_TYPE_BYTE, address.bytes.data(),
                                       static_cast<size_t>(address.bits() / 8));
  }
  return step < 0 ? step : sd_bus_message_close_container(message);
}

int AppendAddresses(sd_bus_message* message, const std::vector<std::string>& addresses) {
  int step = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(iay)");
  for (const std::string& text : addresses) {
    const auto address = ParseAddress(text);
    if (step >= 0 && address) step = AppendAddress(message, *address);
  }
  return step < 0 ? step : sd_bus_message_close_container(message);
}

std::string WantedOf(std::string_view item, const MachineSettings& settings,
                     const std::string& interface) {
  if (item == kHostName) return settings.hostname;
  if (item == kNtp) return fmt::format("{}", fmt::join(settings.ntp_servers, " "));
  if (settings.dns_servers.empty()) return "";
  return fmt::format("{} on {}", fmt::join(settings.dns_servers, " "), interface);
}

std::string SettingsPath(const Options& options) { return options.state_dir + "/system.textproto"; }

}  // namespace

Machine::Machine(asio::io_context& loop, const Options& options, Events& events)
    : loop_(loop), options_(options), events_(events), bus_(loop), retry_(loop) {
  for (const std::string_view name : kItems) items_.emplace(name, Item());
  // They forget when they restart.
  const auto again = [this](std::string_view item) {
    items_.find(item)->second.done.clear();
    Start();
  };
  bus_.OnService(kResolved, [again] { again(kDns); });
  bus_.OnService(kTimesyncd, [again] { again(kNtp); });
}

void Machine::Set(const MachineSettings& settings, const std::string& interface) {
  settings_ = settings;
  interface_ = interface;
  Start();
}

void Machine::Start() {
  retry_.cancel();  // at once, also after a failure
  if (!fitting_) Spawn(loop_, Fit());
}

// Until everything is as it is wanted.
asio::awaitable<void> Machine::Fit() {
  fitting_ = true;
  for (bool failed = true; failed;) {
    failed = false;
    for (auto& [name, item] : items_) {
      const MachineSettings settings = settings_;
      const std::string interface = interface_, wanted = WantedOf(name, settings, interface);
      if (wanted == item.done) continue;
      const Result<> set = co_await Try(name, settings, interface);
      if (set) {
        item.done = wanted;
        item.trouble.clear();
        continue;
      }
      failed = true;
      if (item.trouble == set.error().message) continue;
      item.trouble = set.error().message;
      events_.Add(Event::WARNING, "network", name, "cannot be set: " + item.trouble);
    }
    // What changed meanwhile is looked at again at once.
    const bool late =
        !failed && std::any_of(items_.begin(), items_.end(), [this](const auto& item) {
          return WantedOf(item.first, settings_, interface_) != item.second.done;
        });
    if (failed) {
      retry_.expires_after(kRetry);
      (void)co_await retry_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
    failed = failed || late;
  }
  fitting_ = false;
}

asio::awaitable<Result<>> Machine::Try(std::string_view name, const MachineSettings& settings,
                                       const std::string& interface) {
  if (name == kDns) co_return co_await SetDns(settings, interface);
  if (name == kNtp) {
    co_return co_await bus_.Call(kSetNtpServers, [&](sd_bus_message* message) {
      return AppendStrings(message, settings.ntp_servers);
    });
  }
  if (settings.hostname.empty()) co_return Result<>();  // it keeps the name it has
  co_return co_await bus_.Call(kSetHostName, [&](sd_bus_message* message) {
    return sd_bus_message_append(message, "sb", settings.hostname.c_str(), kNotInteractive);
  });
}

asio::awaitable<Result<>> Machine::SetDns(const MachineSettings& settings,
                                          const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) {
    if (settings.dns_servers.empty()) co_return Result<>();  // gone with its interface
    co_return Fail(Code::kFailedPrecondition, fmt::format("there is no interface {}", interface));
  }
  co_return co_await bus_.Call(kSetLinkDns, [&](sd_bus_message* message) {
    const int step = sd_bus_message_append(message, "i", static_cast<int>(index));
    return step < 0 ? step : AppendAddresses(message, settings.dns_servers);
  });
}

asio::awaitable<Result<>> Machine::Reboot() {
  co_return co_await bus_.Call(kReboot, [](sd_bus_message* message) {
    return sd_bus_message_append(message, "b", kNotInteractive);
  });
}

asio::awaitable<Result<>> Machine::SetTimeZone(std::string name) {
  co_return co_await bus_.Call(kSetTimeZone, [&name](sd_bus_message* message) {
    return sd_bus_message_append(message, "sb", name.c_str(), kNotInteractive);
  });
}

asio::awaitable<Result<std::vector<std::string>>> Machine::ListTimeZones() {
  std::vector<std::string> zones;
  const auto read = [&zones](sd_bus_message* answer) {
    int step = sd_bus_message_enter_container(answer, SD_BUS_TYPE_ARRAY, "s");
    const char* zone = nullptr;
    while (step >= 0) {
      step = sd_bus_message_read_basic(answer, SD_BUS_TYPE_STRING, &zone);
      if (step == 0) break;
      if (step > 0) zones.push_back(EscapeForLog(zone));
    }
    return step;
  };
  const Result<> listed = co_await bus_.Call(kListTimeZones, {}, read);
  if (!listed) co_return tl::make_unexpected(listed.error());
  std::sort(zones.begin(), zones.end());
  co_return zones;
}

std::string Machine::TimeZone() {
  std::array<char, 256> target{};
  const ssize_t length = readlink("/etc/localtime", target.data(), target.size());
  const std::string path(target.data(), length > 0 ? static_cast<size_t>(length) : 0);
  constexpr std::string_view kFolder = "/zoneinfo/";
  const size_t at = path.find(kFolder);
  return at == std::string::npos ? "" : EscapeForLog(path.substr(at + kFolder.size()));
}

std::string Machine::Language() const {
  config::v1::SystemSettings settings;
  (void)ReadState(SettingsPath(options_), &settings);
  return settings.language().empty() ? "en" : settings.language();
}

Result<> Machine::SetLanguage(const std::string& language) {
  if (language != "en" && language != "fr") {
    return Fail(Code::kInvalidArgument, "use \"en\" or \"fr\"", "language");
  }
  config::v1::SystemSettings settings;
  settings.set_language(language);
  return WriteState(SettingsPath(options_), settings);
}

}  // namespace aloha::supervisor
