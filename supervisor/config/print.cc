#include "supervisor/config/print.h"

#include <google/protobuf/text_format.h>

namespace aloha::supervisor {

std::string PrintText(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
}

}  // namespace aloha::supervisor
