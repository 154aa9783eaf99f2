// The trust anchors of the operating system.
#ifndef ALOHA_SUPERVISOR_CONFIG_SYSTEM_ANCHORS_H_
#define ALOHA_SUPERVISOR_CONFIG_SYSTEM_ANCHORS_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/v1/config.pb.h"

namespace aloha::supervisor {

// Where Debian keeps them, all in one file.
inline constexpr char kSystemAnchorsFile[] = "/etc/ssl/certs/ca-certificates.crt";

// Some server is verified by them: verify CA without a `ca`.
bool NeedsSystemAnchors(const config::v1::Config& config);

// The file's certificates in DER; empty when it cannot be read.
std::vector<std::string> ReadSystemAnchors(const std::string& file = kSystemAnchorsFile);

// The certificates of a text (RFC 7468), DER, unparsed; what does not decode is left out.
std::vector<std::string> DecodePem(std::string_view text);
// The reverse, one block for each.
std::string EncodePem(const google::protobuf::RepeatedPtrField<std::string>& chain);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_SYSTEM_ANCHORS_H_
