#include "workers/keys/key_store.h"

#include <fmt/format.h>

#include <utility>

namespace aloha::keys {
namespace {

constexpr const char* kSealingFile = "sealing-key";
constexpr const char* kAllowBackupFile = "allow-backup";
constexpr std::string_view kSuffix = ".key";
constexpr size_t kMaxFileBytes = 64 * 1024;

std::string FileName(const KeyHash& hash) { return ToHex(hash) + std::string(kSuffix); }

}  // namespace

KeyStore::KeyStore(Folder folder, Passphrase passphrase, Log& log)
    : folder_(std::move(folder)), passphrase_(std::move(passphrase)), log_(log) {
  LoadSealingKey();
}

void KeyStore::LoadSealingKey() {
  const Result<OpenedContainer> opened = Open(kSealingFile, Content::kSealingSecret);
  if (opened) {
    sealing_key_ = SealingKey::FromSecret(opened->secret);
    if (sealing_key_) return Protect(kSealingFile, Content::kSealingSecret, *opened);
    log_.Error("key folder: the sealing key is damaged, and left alone; another one is used");
  } else if (opened.error().code == Code::kPermissionDenied) {
    locked_ = true;
    return;
  }
  sealing_key_ = SealingKey::Generate();
  // A file that is there but cannot be used is left for whoever wants to know what happened to it.
  if (!opened && opened.error().code == Code::kNotFound) {
    if (auto kept = Write(kSealingFile, Content::kSealingSecret, sealing_key_->secret()); !kept)
      log_.Warning("the sealing key is not kept: " + kept.error().message);
  }
}

std::vector<PrivateKey> KeyStore::Load() {
  std::vector<PrivateKey> keys;
  const Result<std::vector<std::string>> names = folder_.List();
  if (!names) {
    log_.Error("key folder: " + names.error().message);
    return keys;
  }
  num_locked_ = num_unusable_ = 0;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const Result<OpenedContainer> opened = Open(name, Content::kPkcs8);
    if (!opened) {
      ++(opened.error().code == Code::kPermissionDenied ? num_locked_ : num_unusable_);
      continue;
    }
    Result<PrivateKey> key = PrivateKey::FromPkcs8(opened->secret);
    if (key && FileName(key->hash()) == name) {
      Protect(name, Content::kPkcs8, *opened);
      keys.push_back(std::move(*key));
      continue;
    }
    ++num_unusable_;
    log_.Error(fmt::format("key folder: {} is left alone: {}", EscapeForLog(name),
                           key ? "it holds another key" : key.error().message));
  }
  return keys;
}

Result<OpenedContainer> KeyStore::Open(const std::string& name, Content content) {
  const Result<SecretBytes> file = folder_.Read(name, kMaxFileBytes);
  if (!file && file.error().code == Code::kNotFound) return tl::make_unexpected(file.error());
  Result<OpenedContainer> opened =
      file ? ReadContainer(content, *file, passphrase_) : tl::make_unexpected(file.error());
  if (!opened) {
    log_.Error(fmt::format("key folder: {} is left alone: {}", EscapeForLog(name),
                           opened.error().message));
    return tl::make_unexpected(opened.error());
  }
  return opened;
}

void KeyStore::Protect(const std::string& name, Content content, const OpenedContainer& opened) {
  if (opened.encrypted || passphrase_.empty() || locked_) return;
  if (auto done = Write(name, content, opened.secret); !done)
    log_.Warning(fmt::format("key folder: {} stays in clear: {}", name, done.error().message));
}

Result<> KeyStore::Write(const std::string& name, Content content,
                         std::span<const uint8_t> secret) {
  const Result<SecretBytes> file = WriteContainer(content, secret, passphrase_);
  if (!file) return tl::make_unexpected(file.error());
  return folder_.Replace(name, *file);
}

Result<> KeyStore::Save(const PrivateKey& key) {
  if (auto open = sealing_key(); !open) return tl::make_unexpected(open.error());
  const Result<SecretBytes> der = key.ToPkcs8();
  if (!der) return tl::make_unexpected(der.error());
  return Write(FileName(key.hash()), Content::kPkcs8, *der);
}

Result<> KeyStore::Remove(const KeyHash& hash) { return folder_.Remove(FileName(hash)); }

Result<SecretBytes> KeyStore::LoadSecret(const std::string& name, Content content) {
  Result<OpenedContainer> opened = Open(name, content);
  if (!opened) {
    Error error = std::move(opened.error());
    if (error.code == Code::kNotFound) return tl::make_unexpected(std::move(error));
    return Fail(Code::kFailedPrecondition,
                fmt::format("the key folder's file {}: {}", name, error.message));
  }
  Protect(name, content, *opened);
  return std::move(opened->secret);
}

Result<> KeyStore::SaveSecret(const std::string& name, Content content,
                              std::span<const uint8_t> secret) {
  if (auto open = sealing_key(); !open) return tl::make_unexpected(open.error());
  return Write(name, content, secret);
}

Result<> KeyStore::RemoveSecret(const std::string& name) { return folder_.Remove(name); }

bool KeyStore::AllowsBackup() const {
  return folder_.Read(kAllowBackupFile, kMaxFileBytes).has_value();
}

Result<const SealingKey*> KeyStore::sealing_key() const {
  if (locked_)
    return Fail(Code::kFailedPrecondition,
                passphrase_.empty()
                    ? "the key folder is encrypted, and there is no file key-passphrase in the "
                      "folder of secrets"
                    : "the key folder is encrypted with another passphrase than that of the file "
                      "key-passphrase in the folder of secrets");
  return &*sealing_key_;
}

std::vector<std::string> KeyStore::Limitations() const {
  std::vector<std::string> out;
  if (locked_) out.push_back(sealing_key().error().message + ": no certificate can be imported");
  if (num_locked_ > 0)
    out.push_back(fmt::format("{} private keys are locked: {}", num_locked_,
                              passphrase_.empty()
                                  ? "there is no file key-passphrase in the folder of secrets"
                                  : "the passphrase in key-passphrase does not open them"));
  if (num_unusable_ > 0)
    out.push_back(
        fmt::format("{} files of the key folder cannot be used; the log says why", num_unusable_));
  return out;
}

}  // namespace aloha::keys
