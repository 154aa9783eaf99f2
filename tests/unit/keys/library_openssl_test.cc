// What only OpenSSL does.
#include <gtest/gtest.h>

#include "tests/unit/keys/pki.h"
#include "workers/keys/library.h"

namespace aloha::keys {
namespace {

std::string Error(const std::string& command, const std::string& password) {
  Pki().Run("openssl pkcs12 -export -inkey rsa.key -in all.pem -out out " + command);
  const std::string file = Pki().Read("out");
  const auto content =
      ReadPkcs12({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, password);
  if (!content) return content.error().message;
  EXPECT_EQ(content->keys.size(), 1U);
  EXPECT_EQ(content->certificates.size(), 3U);
  return "";
}

TEST(Pkcs12, MayHaveNoChecksum) {
  EXPECT_EQ(Error("-passout pass: -nomac -certpbe NONE -keypbe NONE", ""), "");
  EXPECT_EQ(Error("-passout pass:geheim -nomac", "geheim"), "");
  // Then it shows only when nothing sensible comes out.
  EXPECT_EQ(Error("-passout pass:geheim -nomac", "falsch"), "wrong password");
}

}  // namespace
}  // namespace aloha::keys
