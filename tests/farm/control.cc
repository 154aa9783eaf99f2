#include "tests/farm/control.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read_until.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <map>

#include "tests/farm/text.h"

namespace aloha::farm {

const char kControlHelp[] =
    "Commands of the control port, one per line; each is answered by one line. SERVER is a name\n"
    "or \"all\"; SERVICE is imap imaps pop3 pop3s mapper rpc addressbook http https smtp "
    "submission\n"
    "smtps, a directory of http (owa ecp ews oab autodiscover activesync rpcproxy mapi "
    "powershell),\n"
    "or \"all\" (the default: every port).\n"
    "  ok SERVER [SERVICE]         works again\n"
    "  fail SERVER [SERVICE]       refuses politely, in its protocol, and closes\n"
    "  stall SERVER [SERVICE]      accepts and stays silent\n"
    "  reset SERVER [SERVICE]      resets live and new connections\n"
    "  slow MS SERVER [SERVICE]    answers MS milliseconds late\n"
    "  down SERVER [SERVICE]       closes listeners and connections\n"
    "  up SERVER [SERVICE]         listens again\n"
    "  list                        servers, ports and states, as JSON\n"
    "  count                       connections, live ones and requests, as JSON\n"
    "  clear                       connections and requests start at 0 again\n";

namespace {

using asio::ip::tcp;

const std::map<std::string, Fault, std::less<>> kFaults = {{"ok", Fault::kNone},
                                                           {"fail", Fault::kFail},
                                                           {"stall", Fault::kStall},
                                                           {"reset", Fault::kReset},
                                                           {"slow", Fault::kSlow}};

std::string Clear(Farm& farm) {
  for (const auto& server : farm.servers()) {
    for (const auto& service : server->services) service->connections = service->requests = 0;
  }
  return "ok";
}

std::string Change(Farm& farm, const std::string& command, std::string rest) {
  const auto fault = kFaults.find(command);
  if (fault == kFaults.end() && command != "down" && command != "up") {
    return "error: unknown command, see aloha-farm --help";
  }
  std::chrono::milliseconds delay{0};
  if (command == "slow") {
    const auto milliseconds = ParseNumber<int>(TakeWord(rest));
    if (!milliseconds || *milliseconds < 0) return "error: slow needs milliseconds first";
    delay = std::chrono::milliseconds(*milliseconds);
  }
  const std::string server = TakeWord(rest);
  const std::vector<Service*> services = farm.Select(server, rest.empty() ? "all" : rest);
  if (services.empty()) return "error: no such server or service";
  for (Service* service : services) {
    if (command == "down") {
      farm.TakeDown(*service);
    } else if (command == "up") {
      farm.BringUp(*service);
    } else {
      farm.SetFault(*service, fault->second, delay);
    }
  }
  return fmt::format("ok {}", services.size());
}

asio::awaitable<void> Converse(tcp::socket socket, Farm& farm) {
  try {
    std::string buffer;
    while (true) {
      const size_t size = co_await asio::async_read_until(
          socket, asio::dynamic_buffer(buffer, 4096), '\n', asio::use_awaitable);
      std::string line = buffer.substr(0, size - 1);
      buffer.erase(0, size);
      if (line.ends_with('\r')) line.pop_back();
      const std::string answer = ExecuteControl(farm, line) + "\n";
      co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
    }
  } catch (const asio::system_error&) {
    // The client is done.
  }
}

asio::awaitable<void> Accept(tcp::acceptor& acceptor, Farm& farm) {
  try {
    while (true) {
      tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(acceptor.get_executor(), Converse(std::move(socket), farm), asio::detached);
    }
  } catch (const asio::system_error&) {
    // The acceptor was closed.
  }
}

}  // namespace

std::string ExecuteControl(Farm& farm, const std::string& line) {
  std::string rest = line;
  const std::string command = TakeWord(rest);
  if (command == "list") return farm.DescribeJson();
  if (command == "count") return farm.CountsJson();
  if (command == "clear") return Clear(farm);
  try {
    return Change(farm, command, rest);
  } catch (const asio::system_error& error) {
    return fmt::format("error: {}", error.what());
  }
}

void ServeControl(tcp::acceptor& acceptor, Farm& farm) {
  asio::co_spawn(acceptor.get_executor(), Accept(acceptor, farm), asio::detached);
}

}  // namespace aloha::farm
