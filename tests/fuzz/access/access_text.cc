// What browsers, tokens and the users file bring: addresses, tokens, codes, scopes, passwords,
// accounts. Nothing of it may be taken for what it is not.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "supervisor/access/accounts.h"
#include "supervisor/access/identity.h"
#include "supervisor/access/password.h"
#include "supervisor/access/secret.h"
#include "supervisor/access/totp.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TryFile(const std::string& text) {
  config::v1::Access access;
  google::protobuf::TextFormat::Parser parser;
  class : public google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(text, &access) || !CheckAccess(access)) return;
  for (const auto& account : access.account()) {
    Require(IsUserName(account.name()));
    Require(!account.password_hash().empty() || account.name() == kFirstUser);
  }
  for (const auto& token : access.token()) Require(token.hash().size() == 32);
}

void TryText(const std::string& text) {
  const std::string address = PlainAddress(text);
  Require(address.empty() || PlainAddress(address) == address);
  if (IsToken(text)) Require(text.size() == 49 && text.starts_with(kTokenPrefix));
  Require(!IsRandomSecret(text) || text.size() == 43);
  const Result<> scope = CheckScope(text);
  Require(scope || FindInvalidUtf8(scope.error().message) == std::string::npos);
  if (InScope({"Stats/*"}, text)) Require(text.starts_with("Stats/"));
  const Result<> password = CheckNewPassword("carol", text, "new_password");
  if (password) Require(text.size() >= kShortestPassword && text.size() <= kLongestPassword);
  if (MatchFactorCode("12345678901234567890", text, 1'234'567'890, 0)) Require(text.size() == 6);
  (void)IsPasswordHash(text);
  (void)IsUserName(text);
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  aloha::supervisor::TryText(text);
  aloha::supervisor::TryFile(text);
  return 0;
}
