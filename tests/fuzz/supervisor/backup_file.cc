// A backup that somebody uploads, from its bytes to what would be kept. So that the fuzzer gets
// past the digest, which nobody could guess, the rest is read as content as well.
#include "supervisor/backup/backup_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "supervisor/backup/restore.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TakeContent(const config::v1::BackupContent& content) {
  if (!CheckContent(content)) return;
  Sentences steps;
  const auto certificates = CertificatesAfter({}, content.certificates(), {}, &steps);
  Require(certificates.certificate_size() <= content.certificates().certificate_size());
  // Restored once, it is there.
  Sentences again;
  const auto same = CertificatesAfter(certificates, certificates, {}, &again);
  Require(again.empty() && same.SerializeAsString() == certificates.SerializeAsString());
  if (content.has_users()) (void)UsersAfter({}, content.users(), false, &steps);
  for (const std::string& step : steps) Require(FindInvalidUtf8(step) == std::string::npos);
  config::v1::BackupContent clear = content;
  DropSecrets(&clear);
  const auto back = UnpackContent(PackContent(clear));
  Require(back && back->SerializeAsString() == clear.SerializeAsString());
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::supervisor;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto file = ReadBackup(bytes)) {
    Require(WriteBackup(file->prefix, file->content) == bytes);
    if (const auto content = UnpackContent(file->content)) TakeContent(*content);
  }
  if (const auto content = UnpackContent(bytes)) TakeContent(*content);
  aloha::config::v1::BackupContent content;
  if (!content.ParseFromArray(data, static_cast<int>(size))) return 0;
  content.DiscardUnknownFields();  // what nobody knows is refused when a backup is read
  TakeContent(content);
  return 0;
}
