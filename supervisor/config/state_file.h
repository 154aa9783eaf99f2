// Messages kept in files: protobuf text format, closed by a checksum so that a torn, empty or
// edited file is seen.
#ifndef ALOHA_SUPERVISOR_CONFIG_STATE_FILE_H_
#define ALOHA_SUPERVISOR_CONFIG_STATE_FILE_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace google::protobuf {
class Message;
}

namespace aloha::supervisor {

// Replaces the file atomically by `header` (empty, or comment lines with their line ends), the
// message, and the checksum. On failure, which is told with path and cause, the old file is as it
// was.
Result<> WriteState(const std::string& path, const google::protobuf::Message& message,
                    std::string_view header = "", mode_t mode = 0640);

// Reads it back into `message`, and the comment lines at its top into `header` unless that is null.
// kNotFound when there is none. kInvalidArgument when it is broken: then it has been renamed to
// PATH.broken, and the error says so.
Result<> ReadState(const std::string& path, google::protobuf::Message* message,
                   std::string* header = nullptr);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_STATE_FILE_H_
