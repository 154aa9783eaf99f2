// Changes one field of a message, named by its path: what `alohactl config set` and `unset` do.
#ifndef ALOHA_CLI_SET_PATH_H_
#define ALOHA_CLI_SET_PATH_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace aloha::cli {

// Sets the field at `path` to `value`. A path is made of field names joined by dots; an element of
// a list is chosen by its number from 0, by its name where elements have one, or by "+" for a new
// one at the end:
//   imap.mode   cas_server[0].address   cas_server[CAS1].weight   network.dns_server[+]
//   virtual_service[+].name
// `value`: a number, true or false, the name of an enumerator, a string as it is, or, where the
// path ends at a message, its fields in text format ('name: "CAS3" address: "10.0.0.17"'). The
// error says what is wrong with path or value and what would be right; the message is then in an
// undefined state.
tl::expected<void, std::string> SetPath(google::protobuf::Message& message, std::string_view path,
                                        std::string_view value);

// Removes the field, list or element at `path`.
tl::expected<void, std::string> UnsetPath(google::protobuf::Message& message,
                                          std::string_view path);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_SET_PATH_H_
