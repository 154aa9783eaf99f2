// From text to a Config: the first step of the pipeline.
#ifndef ALOHA_SUPERVISOR_CONFIG_PARSE_H_
#define ALOHA_SUPERVISOR_CONFIG_PARSE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/v1/config.pb.h"
#include "supervisor/config/problem.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Largest configuration text. Bytes.
inline constexpr size_t kMaxConfigBytes = 4 * 1024 * 1024;

// Where each field of a Config stands in its text.
class SourceMap {
 public:
  struct Locations;

  SourceMap() = default;
  explicit SourceMap(std::shared_ptr<const Locations> locations)
      : locations_(std::move(locations)) {}

  // Fills line and column of each problem that has none, from its path: those of the field, or,
  // where that is absent, of the message it would stand in.
  void Locate(std::vector<Problem>& problems) const;

 private:
  std::shared_ptr<const Locations> locations_;
};

struct ParsedConfig {
  config::v1::Config config;  // meaningless when a problem is an error
  SourceMap source;
  std::vector<Problem> problems;
};

// Parses protobuf text format. Every problem has a line and column. The text must be UTF-8 without
// NUL and at most kMaxConfigBytes; unknown fields are all reported, other mistakes up to the first
// that the parser cannot get past.
ParsedConfig ParseConfig(std::string_view text);

// The text of a configuration file: a regular file of at most kMaxConfigBytes. Never blocks on a
// FIFO or a device. Errors name the path and the cause.
Result<std::string> ReadConfigFile(const std::string& path);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PARSE_H_
