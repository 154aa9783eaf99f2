// The form of a backup file. Pure.
//
//   0   8  "ALOHABAK"
//   8   4  version of the form: 1
//   12  4  length of the header
//   16     the header, a config.v1.BackupHeader
//          4  length of the content
//          the content: a config.v1.BackupContent compressed by gzip; with encryption that, sealed
//          by aloha-keys (workers/keys/backup.h) and bound to everything before its length
//          32 BLAKE2b of everything before
//
// Numbers are big-endian.
#ifndef ALOHA_SUPERVISOR_BACKUP_BACKUP_FILE_H_
#define ALOHA_SUPERVISOR_BACKUP_BACKUP_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "config/v1/backup.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Calls carry at most 4 MiB to where it is made.
inline constexpr size_t kMaxBackupBytes = (3 << 20) + (64 << 10);
// Compressed, and not.
inline constexpr size_t kMaxPackedBytes = 2 << 20, kMaxContentBytes = 16 << 20;

// What stands before the length of the content: what encryption is bound to.
std::string BackupPrefix(const config::v1::BackupHeader& header);
std::string WriteBackup(std::string_view prefix, std::string_view content);

struct BackupFile {
  config::v1::BackupHeader header;
  std::string_view prefix, content;  // of what was read
};
// kInvalidArgument, with the reason: no backup, one of another product, made by a newer version,
// cut off or changed.
Result<BackupFile> ReadBackup(std::string_view file);

std::string PackContent(const config::v1::BackupContent& content);
// kInvalidArgument: it is none, too large, or holds what this version does not know and would lose.
Result<config::v1::BackupContent> UnpackContent(std::string_view packed);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_BACKUP_BACKUP_FILE_H_
