#include "cli/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/cli/fake_certificates.h"
#include "tests/unit/cli/standard_input.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;

TEST(Wipe, OverwritesWhatWasThere) {
  std::string text(100, 'x');
  const char* bytes = text.data();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  text.resize(100, '\0');  // the memory is the string's again
  ASSERT_EQ(text.data(), bytes);
  EXPECT_EQ(text, std::string(100, '\0'));
}

TEST(ReadPassword, IsTheFirstLineOfAPipe) {
  for (const char* text : {"grün\nmore\n", "grün\r\n", "grün"}) {
    StandardInput input(text);
    EXPECT_EQ(ReadPassword("?"), "grün") << text;
  }
  StandardInput empty("");
  EXPECT_EQ(ReadPassword("?"), "");
}

TEST(ReadPassword, HasBounds) {
  {
    StandardInput input(std::string(kMaxPasswordBytes, 'x') + "\n");
    EXPECT_EQ(ReadPassword("?")->size(), kMaxPasswordBytes);
  }
  {
    StandardInput input(std::string(kMaxPasswordBytes + 1, 'x') + "\n");
    EXPECT_EQ(ReadPassword("?").error(), "a password has at most 1,024 bytes");
  }
  StandardInput input("gr\xFCn\n");
  EXPECT_EQ(ReadPassword("?").error(), "the password is not UTF-8 text");
}

// Waits until nothing is shown on the terminal, then types.
void TypeHidden(int terminal, const std::string& text) {
  termios settings{};
  do {
    std::this_thread::yield();
    tcgetattr(STDIN_FILENO, &settings);
  } while ((settings.c_lflag & ECHO) != 0);
  EXPECT_EQ(write(terminal, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(ReadPassword, IsNotShownWhileItIsTyped) {
  StandardInput terminal("", StandardInput::kTerminal);
  std::thread typist(TypeHidden, terminal.writer(), "secret\n");
  EXPECT_EQ(ReadPassword("Password: "), "secret");
  typist.join();
  termios settings{};
  tcgetattr(STDIN_FILENO, &settings);
  EXPECT_NE(settings.c_lflag & ECHO, 0) << "the terminal shows again what is typed";
}

TEST(SecretFile, KnowsWhatNeedsAPassword) {
  const auto needs = [](const std::string& bytes) {
    SecretFile secret;
    secret.set_file(bytes);
    return secret.NeedsPassword();
  };
  EXPECT_TRUE(needs("\x30\x82\x0b\x0b a PKCS#12 file"));
  EXPECT_TRUE(needs("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII="));
  EXPECT_TRUE(needs("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
  EXPECT_FALSE(needs("-----BEGIN PRIVATE KEY-----\nMII=\n-----BEGIN CERTIFICATE-----\nMII="));
}

TEST(SecretFile, OnlyTheOwnerOfTheKeyOpensIt) {
  FakeCertificates keys;
  SecretFile secret;
  secret.set_file("a file");
  secret.set_password("its password");
  auto sealed = secret.Seal(keys.public_key);
  ASSERT_TRUE(sealed.has_value()) << sealed.error();
  EXPECT_EQ(sealed->find("its password"), std::string::npos);

  admin::ImportCertificateRequest request;
  request.set_sealed(*sealed);
  admin::CertificateChange change;
  EXPECT_TRUE(keys.ImportCertificate(nullptr, &request, &change).ok());
  EXPECT_EQ(keys.opened.file(), "a file");
  EXPECT_EQ(keys.opened.password(), "its password");
  FakeCertificates others;
  EXPECT_FALSE(others.ImportCertificate(nullptr, &request, &change).ok());
}

TEST(SecretFile, RefusesWhatIsNoKey) {
  SecretFile secret;
  EXPECT_THAT(secret.Seal("").error(), HasSubstr("no usable key"));
  EXPECT_THAT(secret.Seal(std::string(31, 'k')).error(), HasSubstr("no usable key"));
  // A point of small order: whatever is sealed to it, everybody could open.
  EXPECT_THAT(secret.Seal(std::string(32, '\0')).error(), HasSubstr("is bad"));
}

}  // namespace
}  // namespace aloha::cli
