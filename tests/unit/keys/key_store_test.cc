#include "workers/keys/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <sys/stat.h>

#include "tests/unit/keys/scratch.h"

namespace aloha::keys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeyStoreTest : public testing::Test {
 protected:
  KeyStore Open(const std::string& passphrase = "") {
    return KeyStore(std::move(*Folder::OpenPrivate(scratch_ / "keys")),
                    Passphrase(SecretBytes(passphrase.begin(), passphrase.end())), log_);
  }
  static PrivateKey Make() {
    return std::move(*PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256));
  }
  static std::string FileOf(const PrivateKey& key) { return "keys/" + ToHex(key.hash()) + ".key"; }
  mode_t Mode(const std::string& name) const {
    struct stat facts {};
    EXPECT_EQ(stat((scratch_ / name).c_str(), &facts), 0) << name;
    return facts.st_mode & 07777;
  }
  static std::string Numbers(const PrivateKey& key) {
    const auto der = *key.ToPkcs8();
    return {der.begin(), der.end()};
  }

  Scratch scratch_;
  Log log_{{.program = "test", .level = LogLevel::kAccess, .journal_fd = -1}};
};

TEST_F(KeyStoreTest, KeepsKeysForTheNextProcess) {
  const PrivateKey one = Make(), other = Make();
  {
    KeyStore store = Open();
    ASSERT_TRUE(store.Save(one));
    ASSERT_TRUE(store.Save(other));
  }
  KeyStore store = Open();
  const std::vector<PrivateKey> keys = store.Load();
  ASSERT_EQ(keys.size(), 2U);
  std::set<KeyHash> hashes = {keys[0].hash(), keys[1].hash()};
  EXPECT_EQ(hashes, (std::set<KeyHash>{one.hash(), other.hash()}));
  EXPECT_THAT(store.Limitations(), IsEmpty());
}

TEST_F(KeyStoreTest, IsForItsUserAlone) {
  scratch_.Run("mkdir -m 755 keys");
  KeyStore store = Open();
  const PrivateKey key = Make();
  ASSERT_TRUE(store.Save(key));
  EXPECT_EQ(Mode("keys"), 0700U);
  EXPECT_EQ(Mode(FileOf(key)), 0600U);
  EXPECT_EQ(Mode("keys/sealing-key"), 0600U);
}

TEST_F(KeyStoreTest, KeepsTheSealingKey) {
  const std::string before = (*Open().sealing_key())->public_key();
  EXPECT_EQ(before.size(), 32U);
  EXPECT_EQ((*Open().sealing_key())->public_key(), before);
}

TEST_F(KeyStoreTest, RemovesOnRequest) {
  const PrivateKey key = Make();
  KeyStore store = Open();
  ASSERT_TRUE(store.Save(key));
  EXPECT_TRUE(store.Remove(key.hash()));
  EXPECT_EQ(store.Remove(key.hash()).error().code, Code::kNotFound);
  EXPECT_THAT(Open().Load(), IsEmpty());
}

TEST_F(KeyStoreTest, TornAndForeignFilesAreToldAndLeftAlone) {
  const PrivateKey good = Make(), torn = Make(), other = Make();
  {
    KeyStore store = Open();
    for (const PrivateKey* key : {&good, &torn, &other}) ASSERT_TRUE(store.Save(*key));
  }
  const std::string whole = scratch_.Read(FileOf(torn));
  scratch_.Write(FileOf(torn), whole.substr(0, whole.size() / 2));
  scratch_.Write("keys/foreign.key", "-----BEGIN PRIVATE KEY-----");
  scratch_.Write("keys/empty.key", "");
  scratch_.Run("cd keys && mkdir folder.key && mv " + ToHex(other.hash()) + ".key renamed.key");
  scratch_.Write("keys/README", "not a key, and none of our business");
  KeyStore store = Open();
  const std::vector<PrivateKey> keys = store.Load();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].hash(), good.hash());
  EXPECT_THAT(store.Limitations(), ElementsAre(HasSubstr("5 files of the key folder cannot")));
  EXPECT_EQ(scratch_.Read(FileOf(torn)), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(scratch_.Read("keys/foreign.key"), "-----BEGIN PRIVATE KEY-----");
}

TEST_F(KeyStoreTest, ReplacesWhatACrashLeftBehind) {
  const PrivateKey key = Make();
  KeyStore store = Open();
  scratch_.Write(FileOf(key) + ".new", "half of a f");
  ASSERT_TRUE(store.Save(key));
  EXPECT_EQ(Open().Load().size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / (FileOf(key) + ".new")));
}

TEST_F(KeyStoreTest, ADamagedSealingKeyIsLeftAlone) {
  (void)Open();
  scratch_.Write("keys/sealing-key", "torn");
  EXPECT_TRUE(Open().sealing_key());
  EXPECT_EQ(scratch_.Read("keys/sealing-key"), "torn");
}

TEST_F(KeyStoreTest, WithAPassphraseNothingIsInClear) {
  const PrivateKey key = Make();
  const std::string clear = Numbers(key);
  {
    KeyStore store = Open("correct horse");
    ASSERT_TRUE(store.Save(key));
    EXPECT_THAT(scratch_.Read(FileOf(key)), testing::Not(HasSubstr(clear)));
  }
  KeyStore store = Open("correct horse");
  EXPECT_EQ(store.Load().size(), 1U);
  EXPECT_THAT(store.Limitations(), IsEmpty());
}

TEST_F(KeyStoreTest, EncryptsWhatWasInClearWhenThePassphraseCame) {
  const PrivateKey key = Make();
  const std::string clear = Numbers(key);
  ASSERT_TRUE(Open().Save(key));
  EXPECT_THAT(scratch_.Read(FileOf(key)), HasSubstr(clear));
  const std::string sealing = (*Open().sealing_key())->public_key();
  EXPECT_EQ(Open("correct horse").Load().size(), 1U);
  EXPECT_THAT(scratch_.Read(FileOf(key)), testing::Not(HasSubstr(clear)));
  EXPECT_THAT(Open().Load(), IsEmpty());
  KeyStore store = Open("correct horse");
  EXPECT_EQ((*store.sealing_key())->public_key(), sealing);
}

TEST_F(KeyStoreTest, WithoutTheRightPassphraseNothingIsLost) {
  const PrivateKey key = Make();
  ASSERT_TRUE(Open("correct horse").Save(key));
  const std::string file = scratch_.Read(FileOf(key)), sealing = scratch_.Read("keys/sealing-key");
  for (const char* wrong : {"", "battery staple"}) {
    KeyStore store = Open(wrong);
    EXPECT_THAT(store.Load(), IsEmpty());
    EXPECT_THAT(store.Limitations(), ElementsAre(HasSubstr("no certificate can be imported"),
                                                 HasSubstr("1 private keys are locked")));
    EXPECT_EQ(store.sealing_key().error().code, Code::kFailedPrecondition);
    EXPECT_EQ(store.Save(Make()).error().code, Code::kFailedPrecondition);
  }
  EXPECT_EQ(scratch_.Read(FileOf(key)), file);
  EXPECT_EQ(scratch_.Read("keys/sealing-key"), sealing);
  EXPECT_EQ(Open("correct horse").Load().size(), 1U);
}

TEST_F(KeyStoreTest, AChangedFileIsNotOpened) {
  const PrivateKey key = Make();
  ASSERT_TRUE(Open("correct horse").Save(key));
  const std::string file = scratch_.Read(FileOf(key));
  for (const size_t at :
       {size_t{9}, size_t{11}, size_t{20}, size_t{40}, size_t{60}, file.size() - 1}) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    scratch_.Write(FileOf(key), changed);
    EXPECT_THAT(Open("correct horse").Load(), IsEmpty()) << at;
  }
}

TEST_F(KeyStoreTest, AFileMayNotAskForMuchMemory) {
  const PrivateKey key = Make();
  ASSERT_TRUE(Open("correct horse").Save(key));
  std::string file = scratch_.Read(FileOf(key));
  file[32] = '\x7f';
  scratch_.Write(FileOf(key), file);
  EXPECT_THAT(Open("correct horse").Load(), IsEmpty());
}

TEST(Passphrase, IsReadFromTheFolderOfSecrets) {
  const Scratch scratch;
  const Folder folder = std::move(*Folder::Open(scratch.path()));
  EXPECT_TRUE(Passphrase::Read(folder)->empty());
  scratch.Write("key-passphrase", "correct horse\r\n");
  EXPECT_FALSE(Passphrase::Read(folder)->empty());
  scratch.Write("key-passphrase", "\n");
  EXPECT_EQ(Passphrase::Read(folder).error().code, Code::kFailedPrecondition);
  scratch.Run("rm key-passphrase; mkdir key-passphrase");
  EXPECT_EQ(Passphrase::Read(folder).error().code, Code::kFailedPrecondition);
}

TEST(SealingKey, OpensWhatWasSealedToIt) {
  const SealingKey key = SealingKey::Generate(), other = SealingKey::Generate();
  const std::string text = "a file and its password", to = key.public_key();
  std::string sealed(text.size() + crypto_box_SEALBYTES, '\0');
  crypto_box_seal(reinterpret_cast<uint8_t*>(sealed.data()),
                  reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                  reinterpret_cast<const uint8_t*>(to.data()));
  const auto opened = key.Open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(std::string(opened->begin(), opened->end()), text);
  EXPECT_FALSE(other.Open(sealed));
  EXPECT_FALSE(key.Open(sealed.substr(1)));
  EXPECT_FALSE(key.Open(""));
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  EXPECT_FALSE(key.Open(sealed));
}

}  // namespace
}  // namespace aloha::keys
