#include "workers/keys/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

namespace aloha::keys {
namespace {

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

tl::unexpected<Error> FailFile(const std::string& act, const std::string& name) {
  const int cause = errno;  // the words for it may be looked for in files, which are refused here
  Error error = FailErrno(act + " " + name, cause).value();
  if (cause == ENOENT || cause == ENOTDIR) error.code = Code::kNotFound;
  return tl::make_unexpected(std::move(error));
}

Result<> WriteAll(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailErrno("write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  if (fsync(file) != 0) return FailErrno("fsync");
  return {};
}

}  // namespace

Result<Folder> Folder::Open(const std::string& path) {
  UniqueFd descriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor)
    return Fail(Code::kFailedPrecondition, "folder " + path + ": " + std::strerror(errno));
  return Folder(std::move(descriptor));
}

Result<Folder> Folder::OpenPrivate(const std::string& path) {
  constexpr mode_t kOwnerAlone = 0700;
  if (mkdir(path.c_str(), kOwnerAlone) != 0 && errno != EEXIST)
    return Fail(Code::kFailedPrecondition, "make folder " + path + ": " + std::strerror(errno));
  Result<Folder> folder = Open(path);
  if (!folder) return folder;
  struct stat facts {};
  if (fstat(folder->descriptor(), &facts) != 0) return FailErrno("folder " + path);
  if (facts.st_uid != geteuid())
    return Fail(Code::kFailedPrecondition, "folder " + path + " belongs to another user");
  if ((facts.st_mode & 0777) != kOwnerAlone && fchmod(folder->descriptor(), kOwnerAlone) != 0)
    return FailErrno("mode of folder " + path);
  return folder;
}

Result<std::vector<std::string>> Folder::List() const {
  const int again = openat(descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return FailErrno("list folder");
  const std::unique_ptr<DIR, DirectoryCloser> directory(fdopendir(again));
  if (!directory) return FailErrno("list folder");
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<SecretBytes> Folder::Read(const std::string& name, size_t max_bytes) const {
  // A pipe or device would make the opening wait.
  const UniqueFd file(openat(descriptor(), name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return FailFile("open", name);
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return FailFile("stat", name);
  if (!S_ISREG(facts.st_mode)) return Fail(Code::kFailedPrecondition, name + " is not a file");
  // One byte more than it has, to see its end.
  SecretBytes bytes(std::min(static_cast<size_t>(facts.st_size), max_bytes) + 1);
  size_t length = 0;
  while (length < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + length, bytes.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailFile("read", name);
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  if (length == bytes.size()) return Fail(Code::kInvalidArgument, name + " is too large");
  bytes.resize(length);
  return bytes;
}

Result<> Folder::Replace(const std::string& name, std::span<const uint8_t> bytes) const {
  const std::string fresh = name + ".new";
  // What a crash may have left behind.
  if (unlinkat(descriptor(), fresh.c_str(), 0) != 0 && errno != ENOENT)
    return FailFile("remove", fresh);
  {
    const UniqueFd file(openat(descriptor(), fresh.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return FailFile("make", fresh);
    if (auto written = WriteAll(file.get(), bytes); !written) return written;
  }
  if (renameat(descriptor(), fresh.c_str(), descriptor(), name.c_str()) != 0)
    return FailFile("rename", fresh);
  if (fsync(descriptor()) != 0) return FailErrno("fsync of the folder");
  return {};
}

Result<> Folder::Remove(const std::string& name) const {
  if (unlinkat(descriptor(), name.c_str(), 0) != 0) return FailFile("remove", name);
  if (fsync(descriptor()) != 0) return FailErrno("fsync of the folder");
  return {};
}

}  // namespace aloha::keys
