// What the simulated servers speak; one file each.
#ifndef ALOHA_TESTS_FARM_PROTOCOLS_H_
#define ALOHA_TESTS_FARM_PROTOCOLS_H_

#include <array>
#include <string_view>

#include "tests/farm/service.h"

namespace aloha::farm {

extern const Protocol kImap;  // RFC 9051 and RFC 3501, as far as mail clients need it
extern const Protocol kPop3;  // RFC 1939
extern const Protocol kSmtp;  // RFC 5321, STARTTLS by RFC 3207
extern const Protocol kRpc;   // DCE/RPC over TCP (C706 chapter 12), and an echo for tests
extern const Protocol kHttp;  // the directories of Exchange

// A directory of the HTTP service.
struct Directory {
  std::string_view name;  // of its faults and counters: "owa"
  std::string_view path;
  int status;  // of anything but healthcheck.htm
};
inline constexpr std::array kDirectories = {
    Directory{"owa", "/owa", 200},
    Directory{"ecp", "/ecp", 200},
    Directory{"ews", "/ews", 401},
    Directory{"oab", "/oab", 401},
    Directory{"autodiscover", "/autodiscover", 401},
    Directory{"activesync", "/microsoft-server-activesync", 401},
    Directory{"rpcproxy", "/rpc", 401},
    Directory{"mapi", "/mapi", 401},
    Directory{"powershell", "/powershell", 401},
};

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_PROTOCOLS_H_
