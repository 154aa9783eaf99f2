// The mailbox that every simulated server shows: a few generated messages, the same for every user.
#ifndef ALOHA_TESTS_FARM_MESSAGE_H_
#define ALOHA_TESTS_FARM_MESSAGE_H_

#include <cstdint>
#include <string>

#include "tests/farm/session.h"

namespace aloha::farm {

// Messages are numbered from 1 and are of about 1 KiB, 64 KiB and 10 MiB.
inline constexpr int kNumMessages = 3;

// Head of the message with its empty line.
std::string MessageHead(const std::string& server, int number);
// Exact size in octets, head included.
uint64_t MessageSize(const std::string& server, int number);
// Sends the message, made on the way. No line begins with a dot.
asio::awaitable<void> SendMessage(Session& session, int number);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_MESSAGE_H_
