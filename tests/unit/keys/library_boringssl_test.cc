// What only BoringSSL does.
#include <gtest/gtest.h>

#include "tests/unit/keys/pki.h"
#include "workers/keys/library.h"

namespace aloha::keys {
namespace {

TEST(Pkcs12, MustHaveAChecksum) {
  Pki().Run("openssl pkcs12 -export -inkey rsa.key -in all.pem -out out -passout pass:x -nomac");
  const std::string file = Pki().Read("out");
  const auto content =
      ReadPkcs12({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, "x");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().message,
            "the file has no checksum (MAC), which is not supported; export it again with one");
}

}  // namespace
}  // namespace aloha::keys
