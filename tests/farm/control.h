// The control port: one command per line, one line back. README.md lists the commands.
#ifndef ALOHA_TESTS_FARM_CONTROL_H_
#define ALOHA_TESTS_FARM_CONTROL_H_

#include <asio/ip/tcp.hpp>
#include <string>

#include "tests/farm/farm.h"

namespace aloha::farm {

// What --help prints about the commands.
extern const char kControlHelp[];

// Executes one command line; the answer without its line end: JSON, "ok N" (services touched), or
// "error: …".
std::string ExecuteControl(Farm& farm, const std::string& line);

// Serves `acceptor` until it is closed. Both must stay as long.
void ServeControl(asio::ip::tcp::acceptor& acceptor, Farm& farm);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_CONTROL_H_
