// The one text form of a message: what is stored, shown and compared.
#ifndef ALOHA_SUPERVISOR_CONFIG_PRINT_H_
#define ALOHA_SUPERVISOR_CONFIG_PRINT_H_

#include <string>

namespace google::protobuf {
class Message;
}

namespace aloha::supervisor {

// Protobuf text format: fields in the order of their numbers, UTF-8 as it is, no comments. Equal
// messages give equal text.
std::string PrintText(const google::protobuf::Message& message);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PRINT_H_
