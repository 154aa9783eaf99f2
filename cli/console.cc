// alohactl console: the first configuration of the network, asked for on the machine's own
// terminal.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <thread>

#include "admin/v1/configuration.grpc.pb.h"
#include "admin/v1/network.grpc.pb.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/console_terminal.h"
#include "cli/role.h"

namespace aloha::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAddress = "192.168.0.200";
constexpr const char* kNetmask = "255.255.255.0";
constexpr const char* kNoGateway = "none";
// Of the web interface, from the first day.
constexpr const char* kOwner = "admin";

struct ConsoleOptions {
  uint32_t prompt_s = 10;
  uint32_t lease_s = 30;
  bool anew = false;
  bool password = false;
};

// How one way of configuring ended.
enum class Way { kDone, kAgain, kGone };

// 4, 6, or 0: no address.
int FamilyOf(const std::string& text) {
  in6_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return 4;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1 ? 6 : 0;
}

std::string WrongAddress(const std::string& text) {
  return FamilyOf(text) != 0 ? "" : "is not an address; write it as in 10.0.0.17";
}

std::string WrongGateway(const std::string& text) {
  return text == kNoGateway ? "" : WrongAddress(text);
}

// "255.255.0.0", or the length of the prefix.
std::string WrongNetmask(const std::string& text) {
  in_addr mask{};
  if (inet_pton(AF_INET, text.c_str(), &mask) == 1) {
    const uint32_t zeros = ~ntohl(mask.s_addr);
    if (mask.s_addr != 0 && (zeros & (zeros + 1)) == 0) return "";
  }
  int prefix = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, prefix);
  if (error == std::errc() && rest == end && prefix >= 1 && prefix <= 128) return "";
  return "is not a netmask; write it as in 255.255.0.0";
}

// Asks, applies, and tells where the web interface is.
class Console {
 public:
  Console(Client& client, const ConsoleOptions& options) : client_(client), options_(options) {}

  int Run() {
    if (const int code = Look(); code != kDone) return code;
    if (state_.managed() && !options_.anew) {
      if (state_.dhcp() && state_.addresses().empty()) AwaitLease(state_.interface());
      return Tell();
    }
    if (state_.candidates().empty()) {
      client_.output().err() << "alohactl: this machine has no interface to configure\n";
      return kRefused;
    }
    for (;;) {
      const Way way = Choose();
      if (way == Way::kDone) return Tell();
      if (way == Way::kGone) return kRefused;
    }
  }

 private:
  int Look() {
    auto state = client_.Call(&admin::Network::Stub::GetNetwork, admin::GetNetworkRequest());
    if (!state) return client_.Report(state.error());
    state_ = std::move(*state);
    return kDone;
  }

  Way Choose() {
    terminal_.Print(
        "Warning: No IP configuration found !\n"
        "Warning: DHCP configuration is available for test purpose only.\n"
        "Warning: A static IP configuration is recommended.\n");
    const auto key =
        terminal_.AskKey(fmt::format("Retrieve IP using DHCP or configure static ... {}sec (D/s)? ",
                                     options_.prompt_s),
                         std::chrono::seconds(options_.prompt_s));
    return key == 's' || key == 'S' ? Static() : Dhcp();
  }

  Way Static() {
    terminal_.Print("Configure IP manually\n");
    std::optional<std::string> interface = state_.candidates(0);
    if (state_.candidates_size() > 1) {
      interface = terminal_.Ask("interface", *interface, [this](const std::string& name) {
        const auto& known = state_.candidates();
        if (std::find(known.begin(), known.end(), name) != known.end()) return std::string();
        return fmt::format("is none of {}", fmt::join(known, ", "));
      });
      if (!interface) return Way::kGone;
    }
    const auto address = terminal_.Ask("IP address", kAddress, WrongAddress);
    if (!address) return Way::kGone;
    const auto netmask =
        terminal_.Ask("netmask", FamilyOf(*address) == 6 ? "64" : kNetmask, WrongNetmask);
    if (!netmask) return Way::kGone;
    const auto gateway = terminal_.Ask("default gateway", kNoGateway, WrongGateway);
    if (!gateway) return Way::kGone;
    const auto commit = terminal_.AskYes("Commit and save this configuration (N/y)? ");
    if (!commit) return Way::kGone;
    if (!*commit) return Way::kAgain;
    return Apply(true, *interface, [&](::aloha::config::v1::Network* network) {
      network->set_address(*address);
      network->set_netmask(*netmask);
      if (*gateway != kNoGateway) network->set_gateway(*gateway);
    });
  }

  Way Dhcp() {
    const std::string& interface = state_.candidates(0);
    const Way way = Apply(false, interface,
                          [](::aloha::config::v1::Network* network) { network->set_dhcp(true); });
    if (way != Way::kDone) return way;
    if (!AwaitLease(interface)) return LastResort();
    if (state_.last_resort()) terminal_.Print("Nobody answers DHCP.\n");
    return Way::kDone;
  }

  // False: there is no address, and the client should have told by now.
  bool AwaitLease(const std::string& interface) {
    terminal_.Print(fmt::format("DHCP on {} ...\n", Printable(interface)));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options_.lease_s);
    while (Look() == kDone && state_.addresses().empty()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(500ms);
    }
    return true;
  }

  Way LastResort() {
    terminal_.Print("No DHCP client reports; does aloha-dhcp.service run?\n");
    admin::ReportLeaseRequest report;
    report.set_outcome(admin::ReportLeaseRequest::NO_ANSWER);
    report.set_interface(state_.interface());
    auto reply = client_.Call(&admin::Network::Stub::ReportLease, report);
    if (!reply) return Refused(reply.error());
    return Look() == kDone ? Way::kDone : Way::kGone;
  }

  // Who sits at the console is not cut off by a change of the network, so it is confirmed at once.
  template <typename Set>
  Way Apply(bool save, const std::string& interface, Set set) {
    auto running = client_.Call(&admin::Configuration::Stub::GetConfig, admin::GetConfigRequest());
    if (!running) return Refused(running.error());
    admin::ApplyConfigRequest request;
    *request.mutable_source()->mutable_config() = running->config();
    auto* network = request.mutable_source()->mutable_config()->mutable_network();
    for (const char* field : {"dhcp", "address", "netmask", "gateway", "vlan_id"}) {
      network->GetReflection()->ClearField(network,
                                           network->GetDescriptor()->FindFieldByName(field));
    }
    network->set_managed(true);
    network->set_interface(interface);
    set(network);
    request.set_save(save);
    request.set_expected_version(running->version());
    request.set_note("console");
    auto applied = aloha::cli::Apply(client_, request);
    if (!applied) return Refused(applied.error());
    if (applied->confirm_within_s() == 0) return Way::kDone;
    auto confirmed =
        client_.Call(&admin::Configuration::Stub::ConfirmConfig, admin::ConfirmConfigRequest());
    return confirmed ? Way::kDone : Refused(confirmed.error());
  }

  // Says why, and has it tried again; without a supervisor there is no use in that.
  Way Refused(const grpc::Status& status) {
    return client_.Report(status) == kUnreachable ? Way::kGone : Way::kAgain;
  }

  int Tell() {
    if (const int code = Look(); code != kDone) return code;
    if (state_.addresses().empty()) {
      terminal_.Print("This machine has no address: \"alohactl console --anew\" sets one.\n");
      return kDone;
    }
    if (state_.web_urls().empty()) {
      terminal_.Print(
          fmt::format("This machine has {}; its web interface is off:\n"
                      "alohactl config set management.web.enabled true --save\n",
                      fmt::join(state_.addresses(), ", ")));
      return kDone;
    }
    terminal_.Print("Access WEB User Interface :\n");
    for (const std::string& url : state_.web_urls()) terminal_.Print(Printable(url) + "\n");
    terminal_.Print(fmt::format("Password of {} forgotten: alohactl console --password\n", kOwner));
    return kDone;
  }

  Client& client_;
  const ConsoleOptions options_;
  ConsoleTerminal terminal_;
  admin::NetworkState state_;
};

int RunConsole(Client& client, const ConsoleOptions& options) {
  if (ConsoleTerminal::IsThere()) {
    return options.password ? SetPassword(client, kOwner) : Console(client, options).Run();
  }
  client.output().err() << "alohactl: console needs a terminal on standard input\n";
  return kUsage;
}

}  // namespace

void AddConsole(Command& command) {
  auto options = std::make_shared<ConsoleOptions>();
  CLI::App* verb = command.root->add_subcommand(
      "console", "Configure the network at first boot, on the machine's own terminal");
  verb->fallthrough();
  verb->footer("Example:\n  alohactl console --anew");
  verb->callback([&command, options] {
    command.action = [options](Client& client) { return RunConsole(client, *options); };
  });
  verb->add_flag("--anew", options->anew, "Ask although the network is configured");
  verb->add_flag("--password", options->password,
                 "Set a new password for admin of the web interface instead");
  verb->add_option("--prompt", options->prompt_s, "Seconds to choose (10)")
      ->check(CLI::Range(1, 600))
      ->type_name("SECONDS");
  verb->add_option("--lease", options->lease_s, "Seconds to wait for DHCP (30)")
      ->check(CLI::Range(1, 600))
      ->type_name("SECONDS");
}

}  // namespace aloha::cli
