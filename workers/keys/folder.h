// Files of one folder, known by its descriptor: it works when no path can be opened any more.
#ifndef ALOHA_WORKERS_KEYS_FOLDER_H_
#define ALOHA_WORKERS_KEYS_FOLDER_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "workers/keys/secret.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::keys {

class Folder {
 public:
  // An existing folder; kFailedPrecondition with the reason.
  static Result<Folder> Open(const std::string& path);
  // A folder for secrets of this process alone: made where it is missing, mode 0700; must belong to
  // its effective user.
  static Result<Folder> OpenPrivate(const std::string& path);

  int descriptor() const { return descriptor_.get(); }

  // Names of everything in it, sorted.
  Result<std::vector<std::string>> List() const;
  // A regular file, also one further down or behind a symbolic link. kNotFound;
  // kFailedPrecondition: not a regular file; kInvalidArgument: larger than max_bytes.
  Result<SecretBytes> Read(const std::string& name, size_t max_bytes) const;
  // Whole or not at all, and on the disk when it returns: mode 0600.
  Result<> Replace(const std::string& name, std::span<const uint8_t> bytes) const;
  // kNotFound.
  Result<> Remove(const std::string& name) const;

 private:
  explicit Folder(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}

  UniqueFd descriptor_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_FOLDER_H_
