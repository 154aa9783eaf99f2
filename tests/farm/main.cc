// aloha-farm: a simulator of Exchange client-access and transport servers, for demonstrations and
// tests.
//
// One process and one thread play all servers, each on a loopback address of its own. Every answer
// names the server; through the control port each service of each server can be made to misbehave.
// Nothing is stored.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/farm/control.h"
#include "tests/farm/farm.h"
#include "tests/farm/text.h"

namespace {

using aloha::farm::Farm;
using asio::ip::tcp;

struct Arguments {
  int num_cas = 2;
  int num_hub = 2;
  std::string cas_address = "127.0.0.2";
  std::string hub_address;
  uint16_t port_offset = 20000;
  bool ephemeral = false;
  std::vector<std::string> ports;
  uint16_t control = 0;
  std::string port_file;
  std::vector<std::string> certificates;
  std::string client_ca;
  bool no_tls13 = false;
  bool no_starttls = false;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--cas", arguments.num_cas, "Client access servers: IMAP, POP3, RPC, HTTP")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--hub", arguments.num_hub, "Transport servers: SMTP")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--address", arguments.cas_address, "Address of CAS1; the others follow")
      ->check(CLI::ValidIPV4)
      ->capture_default_str();
  app.add_option("--hub-base", arguments.hub_address,
                 "Address of HUB1; the others follow (default: that of CAS1)")
      ->check(CLI::ValidIPV4);
  app.add_option("--port-offset", arguments.port_offset,
                 "Added to every real port; RPC is at +600 and +601. 0: the real ports")
      ->check(CLI::Range(0, 60000))
      ->capture_default_str();
  app.add_flag("--ephemeral", arguments.ephemeral, "Free ports instead, the same on all servers");
  app.add_option("--port", arguments.ports, "SERVICE=PORT: another port for one service; 0: any");
  app.add_option("--control", arguments.control, "Control port on 127.0.0.1; 0: any free one")
      ->capture_default_str();
  app.add_option("--port-file", arguments.port_file,
                 "Write the line that is printed when serving begins to this file as well");
  app.add_option("--certificate", arguments.certificates,
                 "[SERVER=]FILE: PEM with certificates and private key, for that server or all "
                 "(default: self-signed ones)");
  app.add_option("--client-ca", arguments.client_ca,
                 "PEM file: in TLS clients must show a certificate that this signed");
  app.add_flag("--no-tls13", arguments.no_tls13, "At most TLS 1.2");
  app.add_flag("--no-starttls", arguments.no_starttls, "Offer no STARTTLS and no STLS");
  app.footer(aloha::farm::kControlHelp);
}

// Fills in every port; the text says what is wrong with the arguments, or is empty.
std::string ChoosePorts(const Arguments& arguments, aloha::farm::FarmOptions& options) {
  options.ports = aloha::farm::DefaultPorts(arguments.port_offset);
  if (arguments.ephemeral) {
    for (auto& [service, port] : options.ports) port = 0;
  }
  for (const std::string& choice : arguments.ports) {
    const size_t equals = choice.find('=');
    const auto at = options.ports.find(choice.substr(0, equals));
    if (equals == std::string::npos || at == options.ports.end()) {
      return "--port " + choice + ": no such service";
    }
    const auto port = aloha::farm::ParseNumber<uint16_t>(choice.substr(equals + 1));
    if (!port) return "--port " + choice + ": not a port";
    at->second = *port;
  }
  return "";
}

aloha::farm::TlsOptions ChooseTls(const Arguments& arguments) {
  aloha::farm::TlsOptions tls;
  for (const std::string& choice : arguments.certificates) {
    const size_t equals = choice.find('=');
    const std::string server = equals == std::string::npos ? "" : choice.substr(0, equals);
    tls.certificates[server] = choice.substr(equals == std::string::npos ? 0 : equals + 1);
  }
  tls.client_ca = arguments.client_ca;
  tls.no_tls13 = arguments.no_tls13;
  return tls;
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Tells everybody who waits for it that the servers are up: one line of JSON.
void Announce(const Farm& farm, uint16_t control_port, const std::string& port_file) {
  std::string line = farm.DescribeJson();
  line.insert(1, fmt::format(R"("control":{},)", control_port));
  if (!port_file.empty()) {
    const std::string unfinished = port_file + ".new";
    std::ofstream(unfinished) << line << "\n";
    std::rename(unfinished.c_str(), port_file.c_str());
  }
  std::cout << line << std::endl;
}

void Serve(const Arguments& arguments, const aloha::farm::FarmOptions& options) {
  RaiseDescriptorLimit();
  asio::io_context loop(1);
  Farm farm(loop, options);
  tcp::acceptor control(loop, tcp::endpoint(asio::ip::address_v4::loopback(), arguments.control));
  aloha::farm::ServeControl(control, farm);
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  // Nothing is stored, so there is nothing to undo: the kernel closes every socket.
  signals.async_wait([](const asio::error_code&, int) { std::quick_exit(0); });
  Announce(farm, control.local_endpoint().port(), arguments.port_file);
  loop.run();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Simulates Exchange servers on loopback addresses.", "aloha-farm");
  Declare(app, arguments);
  CLI11_PARSE(app, argc, argv);

  aloha::farm::FarmOptions options;
  options.num_cas = arguments.num_cas;
  options.num_hub = arguments.num_hub;
  options.cas_address = asio::ip::make_address_v4(arguments.cas_address);
  options.hub_address = arguments.hub_address.empty()
                            ? options.cas_address
                            : asio::ip::make_address_v4(arguments.hub_address);
  options.tls = ChooseTls(arguments);
  options.starttls = !arguments.no_starttls;
  const std::string wrong = ChoosePorts(arguments, options);
  if (!wrong.empty()) {
    std::cerr << "aloha-farm: " << wrong << "\n";
    return 2;
  }
  try {
    Serve(arguments, options);
  } catch (const asio::system_error& error) {
    std::cerr << "aloha-farm: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
