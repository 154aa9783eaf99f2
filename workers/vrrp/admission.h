// Whether an advert concerns a router (RFC 3768 section 7.1, RFC 9568 section 7.1).
#ifndef ALOHA_WORKERS_VRRP_ADMISSION_H_
#define ALOHA_WORKERS_VRRP_ADMISSION_H_

#include <optional>

#include "workers/vrrp/codec.h"
#include "workers/vrrp/spec.h"

namespace aloha::vrrp {

// What is known before the packet is read: who sent it, from how far away. own: the source of this
// node's adverts; nothing yet: all zeros.
std::optional<Drop> RefuseSender(const RouterSpec& spec, const net::Ip& own,
                                 const Message& message);

// What the advert of that VRID says. In version 2 its addresses must be those of the router, as RFC
// 3768 has it. In version 3 one in common is enough: while a change of the addresses reaches one
// node after the other, nobody may think that the master died; an advert that shares none is of
// another cluster with the same VRID. Who has one of the addresses for its own (priority 255) may
// name any.
std::optional<Drop> RefuseAdvert(const RouterSpec& spec, const Advert& advert,
                                 const net::Ip& source);

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_ADMISSION_H_
