// The parser's own messages, put into words for administrators.
#ifndef ALOHA_SUPERVISOR_CONFIG_PARSE_ERROR_H_
#define ALOHA_SUPERVISOR_CONFIG_PARSE_ERROR_H_

#include <string>
#include <string_view>

#include "supervisor/config/problem.h"

namespace google::protobuf {
class Descriptor;
}

namespace aloha::supervisor {

// As google::protobuf::TextFormat reports it; line and column from 1, 0: unknown.
struct ParserMessage {
  int line = 0;
  int column = 0;
  std::string text;
};

// The message (of the configuration) in which the parser gave up.
struct UnfinishedMessage {
  std::string path;
  const google::protobuf::Descriptor* type = nullptr;  // null: the parser did not give up
};

// Makes a problem of it: path where known, column at the word that is wrong (the parser points
// behind it), names that come close, values that are allowed. `source` is the text that was parsed.
Problem ExplainParserMessage(const ParserMessage& message, std::string_view source,
                             const UnfinishedMessage& unfinished);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PARSE_ERROR_H_
