// Reading and replacing small files.
#ifndef ALOHA_SUPERVISOR_CONFIG_FILE_H_
#define ALOHA_SUPERVISOR_CONFIG_FILE_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::supervisor {

// The content of a regular file of at most `max_bytes`. Anything else (a folder, FIFO, device,
// socket) is refused without blocking on it. kNotFound when there is none; every error names path
// and cause.
Result<std::string> ReadTextFile(const std::string& path, size_t max_bytes);

// Replaces a file: writes a temporary one beside it, syncs it, renames it, syncs the folder. On
// failure the old file is as it was.
Result<> WriteFileAtomically(const std::string& path, std::string_view content, mode_t mode = 0640);

// Makes a folder (mode 0750) unless it is there; its parent must be.
Result<> MakeFolder(const std::string& path);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_FILE_H_
