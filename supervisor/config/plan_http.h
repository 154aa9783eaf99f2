// What changes in the rules of an HTTP service. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_HTTP_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_HTTP_H_

#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"

namespace aloha::supervisor {

// One sentence for each difference, without the final stop: protocol, cookie, routes, header
// fields, redirects, limits, error pages. None of them closes a listener or a session.
std::vector<std::string> HttpChanges(const worker::v1::VirtualService& old,
                                     const worker::v1::VirtualService& now);

// "everybody", or the networks.
std::string NetworksText(const google::protobuf::RepeatedPtrField<std::string>& networks,
                         const char* none);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_HTTP_H_
