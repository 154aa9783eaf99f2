// The form of backups, and what restoring one makes of what is here.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "supervisor/backup/backup_file.h"
#include "supervisor/backup/restore.h"

namespace aloha::supervisor {
namespace {

using config::v1::Access;
using config::v1::BackupContent;
using config::v1::BackupHeader;
using config::v1::StoredCertificates;

BackupHeader Header() {
  BackupHeader header;
  header.set_version("0.1.0");
  header.set_host("lb1");
  header.set_time_us(1'764'000'000'000'000);
  return header;
}

BackupContent Content() {
  BackupContent content;
  content.mutable_running()->mutable_info()->set_number(7);
  content.mutable_running()->mutable_config()->set_version_note("summer");
  return content;
}

std::string File() { return WriteBackup(BackupPrefix(Header()), PackContent(Content())); }

std::string WhyNot(std::string_view file) {
  const auto read = ReadBackup(file);
  if (read) return "";
  EXPECT_EQ(read.error().code, Code::kInvalidArgument);
  return read.error().message;
}

TEST(BackupFileTest, ComesBackAsItWas) {
  const std::string file = File();
  const auto read = ReadBackup(file);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->header.host(), "lb1");
  EXPECT_EQ(read->header.product(), "aloha");
  EXPECT_EQ(read->prefix, BackupPrefix(Header()));
  const auto content = UnpackContent(read->content);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->SerializeAsString(), Content().SerializeAsString());
}

TEST(BackupFileTest, EveryCutAndChangeIsSeen) {
  const std::string file = File();
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_NE(WhyNot(file.substr(0, length)), "") << length;
  for (size_t at = 0; at < file.size(); ++at) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_NE(WhyNot(changed), "") << at;
  }
  EXPECT_NE(WhyNot(file + "x"), "");
}

TEST(BackupFileTest, SaysWhatIsWrong) {
  const auto says = [](const std::string& file, const char* word) {
    const std::string why = WhyNot(file);
    EXPECT_NE(why.find(word), std::string::npos) << why;
  };
  says("", "no backup");
  says("PK\3\4 something else altogether", "no backup");
  says(std::string(kMaxBackupBytes + 1, 'x'), "too large");
  std::string newer = File();
  newer[11] = 2;
  says(newer, "newer version");
  says(File().substr(0, 60), "cut off");
  BackupHeader foreign = Header();
  foreign.set_product("paloma");
  const std::string bytes = foreign.SerializeAsString();
  const std::string prefix = BackupPrefix(Header()).substr(0, 12) + std::string(3, '\0') +
                             std::string(1, static_cast<char>(bytes.size())) + bytes;
  says(WriteBackup(prefix, PackContent(Content())), "another product");
}

TEST(BackupFileTest, ContentOfANewerVersionWouldLoseSomething) {
  BackupContent content = Content();
  content.mutable_running()
      ->mutable_config()
      ->GetReflection()
      ->MutableUnknownFields(content.mutable_running()->mutable_config())
      ->AddVarint(4711, 1);
  const auto unpacked = UnpackContent(PackContent(content));
  ASSERT_FALSE(unpacked);
  EXPECT_NE(unpacked.error().message.find("upgrade"), std::string::npos);
}

TEST(BackupFileTest, AContentThatGrowsWithoutEndIsRefused) {
  BackupContent bomb = Content();
  bomb.mutable_running()->mutable_config()->set_version_note(
      std::string(kMaxContentBytes + 1, 'x'));
  const std::string packed = PackContent(bomb);
  EXPECT_LT(packed.size(), 100'000U);
  EXPECT_NE(UnpackContent(packed).error().message.find("too large"), std::string::npos);
  EXPECT_FALSE(UnpackContent(""));
  EXPECT_FALSE(UnpackContent("not compressed"));
  const std::string whole = PackContent(Content());
  EXPECT_FALSE(UnpackContent(whole.substr(0, whole.size() / 2)));
}

void AddAccount(Access* access, const std::string& name, const std::string& factor = "") {
  auto* account = access->add_account();
  account->set_name(name);
  account->set_role(config::v1::ACCESS_ADMIN);
  account->set_password_hash(
      "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
      "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g");
  account->set_second_factor(factor);
}

TEST(RestoreTest, WithoutAPassphraseNoSecretLeaves) {
  const std::string factor(20, 'F'), secret(32, 'S'), ticket(48, 'T');
  BackupContent content = Content();
  AddAccount(content.mutable_users(), "admin", factor);
  content.mutable_persistence()->set_secret(secret);
  content.mutable_ticket_keys()->add_key()->set_secret(ticket);
  DropSecrets(&content);
  const std::string bytes = content.SerializeAsString();
  for (const std::string& one : {factor, secret, ticket})
    EXPECT_EQ(bytes.find(one), std::string::npos);
  EXPECT_EQ(content.users().account(0).name(), "admin");
}

TEST(RestoreTest, WhatCouldNotBeKeptIsRefused) {
  BackupContent content = Content();
  EXPECT_TRUE(CheckContent(content));
  EXPECT_FALSE(CheckContent({}));
  BackupContent bad = content;
  bad.mutable_certificates()->add_certificate()->set_name("../mail");
  EXPECT_FALSE(CheckContent(bad));
  bad = content;
  bad.mutable_persistence()->set_secret("short");
  EXPECT_FALSE(CheckContent(bad));
  // Would open the way in with the password that everybody knows.
  bad = content;
  auto* first = bad.mutable_users()->add_account();
  first->set_name("admin");
  first->set_role(config::v1::ACCESS_ADMIN);
  first->set_must_change_password(true);
  EXPECT_FALSE(CheckContent(bad));
}

void AddCertificate(StoredCertificates* all, const std::string& name, char key,
                    const std::string& file = "") {
  auto* certificate = all->add_certificate();
  certificate->set_name(name);
  certificate->set_key(std::string(32, key));
  certificate->set_file(file);
}

char KeyOf(const StoredCertificates& all, const std::string& name) {
  for (const auto& one : all.certificate())
    if (one.name() == name) return one.key()[0];
  return '-';
}

TEST(RestoreTest, CertificatesOfTheBackupTakeTheirPlaces) {
  StoredCertificates own, restored;
  AddCertificate(&own, "mail", 'a');
  AddCertificate(&own, "other", 'b');
  AddCertificate(&own, "file", 'c', "mail.pem");
  AddCertificate(&restored, "mail", 'A');
  AddCertificate(&restored, "fresh", 'B');
  AddCertificate(&restored, "file", 'C');
  Sentences steps;
  const std::set<std::string> held = {std::string(32, 'a'), std::string(32, 'A'),
                                      std::string(32, 'B'), std::string(32, 'C')};
  const StoredCertificates after = CertificatesAfter(own, restored, held, &steps);
  EXPECT_EQ(KeyOf(after, "mail"), 'A');
  EXPECT_EQ(KeyOf(after, "fresh"), 'B');
  EXPECT_EQ(KeyOf(after, "other"), 'b') << "nothing is lost";
  EXPECT_EQ(KeyOf(after, "file"), 'c') << "read from a file";
  EXPECT_EQ(steps.size(), 3U);
  steps.clear();
  (void)CertificatesAfter(after, restored, held, &steps);
  EXPECT_EQ(steps.size(), 1U) << "only the one that stays";
}

TEST(RestoreTest, ACertificateWithoutItsKeyTakesNoPlaceOfOneWithIt) {
  StoredCertificates own, restored;
  AddCertificate(&own, "mail", 'a');
  AddCertificate(&restored, "mail", 'A');
  AddCertificate(&restored, "lost", 'B');
  AddCertificate(&restored, "wui", 'C');
  Sentences steps;
  const StoredCertificates after = CertificatesAfter(own, restored, {std::string(32, 'a')}, &steps);
  EXPECT_EQ(KeyOf(after, "mail"), 'a');
  EXPECT_EQ(KeyOf(after, "lost"), 'B') << "told, and to be imported again";
  EXPECT_EQ(KeyOf(after, "wui"), '-') << "made anew";
  EXPECT_EQ(steps.size(), 3U);
}

TEST(RestoreTest, SecondFactorsHereStayWhereTheBackupHasNone) {
  const std::string old_factor(20, 'o'), factor(20, 'n');
  Access own, restored;
  AddAccount(&own, "admin", old_factor);
  own.mutable_account(0)->set_last_step(9);
  AddAccount(&own, "gone");
  AddAccount(&restored, "admin", factor);
  restored.mutable_account(0)->set_last_step(5);
  Sentences steps;
  const Access with = UsersAfter(own, restored, true, &steps);
  ASSERT_EQ(with.account_size(), 1);
  EXPECT_EQ(with.account(0).second_factor(), factor);
  EXPECT_EQ(with.account(0).last_step(), 9U) << "no code is good twice";
  restored.mutable_account(0)->clear_second_factor();
  EXPECT_EQ(UsersAfter(own, restored, false, &steps).account(0).second_factor(), old_factor);
}

}  // namespace
}  // namespace aloha::supervisor
