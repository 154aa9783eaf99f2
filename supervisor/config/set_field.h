// One field of a configuration, by its path: `alohactl config set`.
#ifndef ALOHA_SUPERVISOR_CONFIG_SET_FIELD_H_
#define ALOHA_SUPERVISOR_CONFIG_SET_FIELD_H_

#include <string_view>

#include "config/v1/config.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Sets the field at `path` ("imap.mode", "cas_server[0].address") to `value`, making the messages
// on the way.
//   scalars    as in the text format, strings without quotes
//   lists      "certificate[1]" is one element (an index one past the end appends); "certificate"
//   the whole list,
//              its elements separated by commas
//   messages   text format, as in 'name: "CAS1" address: "10.0.0.15"'
// An empty value clears the field, or removes the element. On failure (kInvalidArgument, which
// names the field and what it takes) the configuration is as it was. Does not validate.
Result<> SetField(config::v1::Config& config, std::string_view path, std::string_view value);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_SET_FIELD_H_
