#include "supervisor/firmware/upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "supervisor/config/file.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr size_t kLongestSource = 200;
constexpr uint64_t kMebibyte = 1 << 20;

Result<> Check(const admin::v1::UploadFirmwareRequest& piece) {
  const uint64_t total = piece.total_bytes();
  if (piece.source().empty() || piece.source().size() > kLongestSource ||
      !IsPlainText(piece.source())) {
    return Fail(Code::kInvalidArgument, "1 to 200 bytes of plain text", "source");
  }
  if (total == 0) return Fail(Code::kInvalidArgument, "an empty file is no update", "total_bytes");
  if (total > Upload::kLargest) {
    return Fail(Code::kResourceExhausted,
                fmt::format("an update has at most {} MiB", Upload::kLargest / kMebibyte),
                "total_bytes");
  }
  if (piece.data().empty() || piece.data().size() > Upload::kLargestPiece) {
    return Fail(Code::kInvalidArgument, "1 to 262144 bytes", "data");
  }
  if (piece.offset() > total || piece.data().size() > total - piece.offset()) {
    return Fail(Code::kInvalidArgument, "the piece goes beyond total_bytes", "offset");
  }
  return {};
}

}  // namespace

Result<uint64_t> Upload::Take(const admin::v1::UploadFirmwareRequest& piece) {
  if (const auto valid = Check(piece); !valid) return tl::make_unexpected(valid.error());
  const bool known =
      piece.source() == state_.source() && piece.total_bytes() == state_.total_bytes();
  if (known && piece.offset() + piece.data().size() <= Received()) return Received();
  if (!known && piece.offset() > 0) {
    return Fail(Code::kAborted, "this upload is not known any more: begin at offset 0", "offset");
  }
  if (known && piece.offset() != Received()) {
    return Fail(Code::kAborted, fmt::format("go on at offset {}", Received()), "offset");
  }
  if (!known) {
    if (const auto begun = Begin(piece); !begun) return tl::make_unexpected(begun.error());
  }
  if (const auto added = Append(piece.data()); !added) return tl::make_unexpected(added.error());
  if (whole()) file_.reset();  // RAUC takes no file that somebody may still write to
  return Received();
}

void Upload::Remove() {
  file_.reset();
  state_.Clear();
  unlink(path_.c_str());
}

Result<> Upload::Begin(const admin::v1::UploadFirmwareRequest& piece) {
  if (auto made = MakeFolder(folder_); !made) return made;
  Remove();
  if (auto room = CheckRoom(piece.total_bytes()); !room) return room;
  // RAUC reads it as root; nobody else has business with it.
  file_ = UniqueFd(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file_) return FailErrno(path_);
  state_.set_source(piece.source());
  state_.set_total_bytes(piece.total_bytes());
  return {};
}

Result<> Upload::CheckRoom(uint64_t bytes) const {
  struct statvfs disk {};
  if (statvfs(folder_.c_str(), &disk) != 0) return FailErrno(folder_);
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= kSpared && free - kSpared >= bytes) return {};
  return Fail(Code::kResourceExhausted,
              fmt::format("the disk has {} MiB free, the update needs {} MiB in {}",
                          free / kMebibyte, (bytes + kSpared) / kMebibyte + 1, folder_));
}

Result<> Upload::Append(const std::string& data) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = pwrite(file_.get(), data.data() + done, data.size() - done,
                                   static_cast<off_t>(Received() + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written == 0 ? ENOSPC : errno;
      (void)!ftruncate(file_.get(), static_cast<off_t>(Received()));
      if (error != ENOSPC && error != EDQUOT) return FailErrno(path_, error);
      return Fail(
          Code::kResourceExhausted,
          fmt::format("the disk of {} is full: make room, then go on with the upload", folder_));
    }
    done += static_cast<size_t>(written);
  }
  state_.set_received_bytes(Received() + data.size());
  return {};
}

}  // namespace aloha::supervisor
