// The methods of the management API, as the descriptors of their protos tell them, and their
// messages between JSON and bytes. No method is written down here.
#ifndef ALOHA_WUI_SERVER_METHODS_H_
#define ALOHA_WUI_SERVER_METHODS_H_

#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::wui {

class Methods {
 public:
  // All of the package aloha.admin.v1.
  Methods();

  // By path, "/aloha.admin.v1.Services/ListServices"; null: no such method, or one whose client
  // streams.
  const google::protobuf::MethodDescriptor* Find(std::string_view path) const;
  const auto& all() const { return methods_; }

 private:
  std::map<std::string, const google::protobuf::MethodDescriptor*, std::less<>> methods_;
};

// Protobuf's JSON mapping. An empty body stands for an empty message. kInvalidArgument with what is
// wrong.
Result<std::string> FromJson(const google::protobuf::Descriptor& message, std::string_view json);
// kInternal: it is no such message.
Result<std::string> ToJson(const google::protobuf::Descriptor& message, const std::string& bytes);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_METHODS_H_
