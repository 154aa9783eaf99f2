#include "supervisor/licenses/issuer_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/licenses/issuer.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As `openssl genpkey -algorithm ed25519 | openssl pkey -pubout` writes it.
constexpr char kOpenssl[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAD8EDxJvjr4G1Kiqdbg6Bscaw88IIlE4r72/fZsgXugM=\n"
    "-----END PUBLIC KEY-----\n";
// Of the same size, for another curve.
constexpr char kX25519[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VuAyEAD8EDxJvjr4G1Kiqdbg6Bscaw88IIlE4r72/fZsgXugM=\n"
    "-----END PUBLIC KEY-----\n";

TEST(IssuerKeysTest, KeysAreReadAsOpensslWritesThem) {
  const auto key = ParsePublicKey(kOpenssl);
  ASSERT_TRUE(key);
  EXPECT_EQ((*key)[0], 0x0f);
  EXPECT_EQ((*key)[31], 0x03);
  EXPECT_EQ(ParsePublicKey(Issuer(1).pem()), Issuer(1).key());
}

TEST(IssuerKeysTest, NothingElseIsAKey) {
  const std::string pem = Issuer(1).pem();
  EXPECT_FALSE(ParsePublicKey(""));
  EXPECT_FALSE(ParsePublicKey(kX25519));
  EXPECT_FALSE(ParsePublicKey(pem + pem));
  EXPECT_FALSE(ParsePublicKey(" " + pem));
  EXPECT_FALSE(ParsePublicKey(pem.substr(0, pem.size() - 1)));
  EXPECT_FALSE(ParsePublicKey("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"));
  for (size_t size = 0; size < pem.size(); ++size)
    EXPECT_FALSE(ParsePublicKey(pem.substr(0, size)));
}

TEST(IssuerKeysTest, AFolderHasThemByName) {
  TemporaryFolder folder;
  folder.Write("second.pem", Issuer(2).pem());
  folder.Write("first.pem", Issuer(1).pem());
  folder.Write("broken.pem", "no key\n");
  folder.Write("README", "no key either\n");
  std::vector<std::string> troubles;
  const auto keys = LoadIssuerKeys(folder.path(), troubles);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].name, "first");
  EXPECT_EQ(keys[1].name, "second");
  EXPECT_THAT(troubles, ElementsAre(HasSubstr("broken.pem is no Ed25519 public key")));
}

TEST(IssuerKeysTest, NoFolderIsNoTrouble) {
  std::vector<std::string> troubles;
  EXPECT_THAT(LoadIssuerKeys("/nonexistent/keys", troubles), IsEmpty());
  EXPECT_THAT(troubles, IsEmpty());
}

TEST(IssuerKeysTest, OfSeveralTheOneThatSignedIsFound) {
  const std::vector<IssuerKey> keys = {{"first", Issuer(1).key()}, {"second", Issuer(2).key()}};
  auto license = SplitLicenseFile(Issuer(2).Issue(Fields("A-1")));
  ASSERT_TRUE(license);
  ASSERT_NE(FindIssuer(keys, *license), nullptr);
  EXPECT_EQ(FindIssuer(keys, *license)->name, "second");
  EXPECT_EQ(FindIssuer({keys[0]}, *license), nullptr);
  license->text[40] ^= 1;
  EXPECT_EQ(FindIssuer(keys, *license), nullptr);
}

}  // namespace
}  // namespace aloha::supervisor
