// Telling the neighbours which MAC address an IP address has now.
#ifndef ALOHA_WORKERS_SYSTEM_ANNOUNCEMENT_H_
#define ALOHA_WORKERS_SYSTEM_ANNOUNCEMENT_H_

#include <cstdint>
#include <string>

#include "workers/net/address.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/links.h"

namespace aloha::system {

// The Ethernet frame: for IPv4 an ARP announcement (RFC 5227 section 2.3, broadcast, in the form of
// a request), for IPv6 an unsolicited neighbour advertisement to all nodes (RFC 4861 section 7.2.6:
// override set, router and solicited not).
std::string MakeAnnouncement(const MacAddress& mac, const net::Ip& ip);

// A packet socket that sends and never receives. kPermissionDenied names CAP_NET_RAW.
Result<UniqueFd> OpenAnnouncer();
// Sends a frame out of the interface, without waiting.
Result<> SendFrame(int announcer, uint32_t interface_index, const std::string& frame);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_ANNOUNCEMENT_H_
