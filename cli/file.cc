#include "cli/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "cli/output.h"

namespace aloha::cli {
namespace {

// Why a file of this kind is not read, or empty.
std::string_view Unsuitable(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "is a directory, not a file";
  if (S_ISFIFO(mode)) return "is a FIFO; to read a pipe, give - and connect standard input to it";
  return "is not a regular file";
}

// Reads into one buffer that never moves, so that of a secret there is no second copy.
tl::expected<std::string, std::string> ReadAll(int fd, const std::string& label, size_t max_bytes) {
  std::string text(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    ssize_t got = read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::make_unexpected(fmt::format("{}: {}", label, std::strerror(errno)));
    if (got == 0) {
      text.resize(size);
      return text;
    }
    size += static_cast<size_t>(got);
  }
  return tl::make_unexpected(
      fmt::format("{}: is larger than {}, the most that is read", label, Bytes(max_bytes)));
}

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629: no overlong forms, no
// surrogates), or 0.
size_t Utf8Sequence(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if ((first & 0xF0) == 0xE0) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string FileStem(const std::string& path) {
  return path == "-" ? "" : std::filesystem::path(path).stem().string();
}

std::string FileLabel(const std::string& path) { return path == "-" ? "standard input" : path; }

tl::expected<std::string, std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const std::string label = FileLabel(path);
  if (path == "-") return ReadAll(STDIN_FILENO, label, max_bytes);
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return tl::make_unexpected(fmt::format("{}: {}", label, std::strerror(errno)));
  tl::expected<std::string, std::string> text;
  struct stat info {};
  fstat(fd, &info);
  if (std::string_view why = Unsuitable(info.st_mode); !why.empty()) {
    text = tl::make_unexpected(fmt::format("{}: {}", label, why));
  } else if (static_cast<size_t>(info.st_size) > max_bytes) {
    text = tl::make_unexpected(fmt::format("{}: has {}, more than the {} that are read", label,
                                           Bytes(info.st_size), Bytes(max_bytes)));
  } else {
    text = ReadAll(fd, label, max_bytes);
  }
  close(fd);
  return text;
}

tl::expected<std::string, std::string> ReadConfigFile(const std::string& path) {
  auto text = ReadFile(path, kMaxConfigBytes);
  if (!text) return text;
  unsigned line = 1;
  unsigned column = 1;
  for (size_t i = 0; i < text->size();) {
    size_t length = Utf8Sequence(std::string_view(*text).substr(i));
    if (length == 0) {
      return tl::make_unexpected(fmt::format("{}:{}:{}: not UTF-8 text (byte 0x{:02x})",
                                             FileLabel(path), line, column,
                                             static_cast<unsigned char>((*text)[i])));
    }
    if ((*text)[i] == '\n') {
      ++line;
      column = 0;
    }
    ++column;
    i += length;
  }
  return text;
}

}  // namespace aloha::cli
