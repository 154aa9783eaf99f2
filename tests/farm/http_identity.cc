#include "tests/farm/http_identity.h"

#include <fmt/format.h>

#include <utility>

namespace aloha::farm {
namespace {

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

const std::string& HttpIdentity::Take(std::string_view authorization) {
  if (authorization.empty()) return user_;
  user_.clear();
  const std::string expected = std::exchange(challenge_, "");
  if (TakePrefix(authorization, "NTLM TYPE1.")) {
    challenge_ = fmt::format("{:016x}", connection_ * 0x9e3779b97f4a7c15U);
  } else if (TakePrefix(authorization, "NTLM TYPE3.")) {
    const size_t dot = authorization.rfind('.');
    if (dot != std::string_view::npos && !expected.empty() &&
        authorization.substr(dot + 1) == expected) {
      user_ = authorization.substr(0, dot);
    }
  } else if (TakePrefix(authorization, "Negotiate TICKET.")) {
    user_ = authorization.substr(0, authorization.find('.'));
  }
  return user_;
}

std::string HttpIdentity::Challenge() const {
  if (!challenge_.empty()) return "WWW-Authenticate: NTLM TYPE2." + challenge_ + "\r\n";
  return "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n";
}

}  // namespace aloha::farm
