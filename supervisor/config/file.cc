#include "supervisor/config/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {
namespace {

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a file";
}

tl::unexpected<Error> FailPath(const std::string& act, const std::string& path, int error = errno) {
  const Code code = error == ENOENT                      ? Code::kNotFound
                    : error == EACCES || error == EPERM  ? Code::kPermissionDenied
                    : error == ENOSPC || error == EDQUOT ? Code::kResourceExhausted
                                                         : Code::kInternal;
  return Fail(code, fmt::format("cannot {} {}: {}", act, path, std::strerror(error)));
}

tl::unexpected<Error> TooLarge(const std::string& path, size_t max_bytes) {
  return Fail(Code::kInvalidArgument,
              fmt::format("{} is too large; at most {} bytes are read", path, max_bytes));
}

Result<> WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailPath("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(fd) != 0) return FailPath("write", path);
  return {};
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> ReadTextFile(const std::string& path, size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO that nobody writes would wait for ever. O_NOCTTY: a terminal stays
  // nobody's.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    if (errno == ENXIO) return Fail(Code::kInvalidArgument, path + " is a socket, not a file");
    return FailPath("open", path);
  }
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return FailPath("read", path);
  if (!S_ISREG(status.st_mode)) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} is {}, not a file", path, KindOf(status.st_mode)));
  }
  if (static_cast<uint64_t>(status.st_size) > max_bytes) return TooLarge(path, max_bytes);
  std::string content;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailPath("read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > max_bytes) return TooLarge(path, max_bytes);
  }
}

Result<> WriteFileAtomically(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = path + ".new";
  UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return FailPath("write", temporary);
  if (const auto written = WriteAll(fd.get(), content, temporary); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  // Some file systems report a full disk only here.
  if (::close(fd.release()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return FailPath("write", path, error);
  }
  const std::string folder = FolderOf(path);
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd || ::fsync(folder_fd.get()) != 0) return FailPath("sync", folder);
  return {};
}

Result<> MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return FailPath("make folder", path);
}

}  // namespace aloha::supervisor
