// An update file on its way here, piece by piece.
#ifndef ALOHA_SUPERVISOR_FIRMWARE_UPLOAD_H_
#define ALOHA_SUPERVISOR_FIRMWARE_UPLOAD_H_

#include <cstdint>
#include <string>

#include "admin/v1/firmware.pb.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

class Upload {
 public:
  static constexpr uint64_t kLargest = uint64_t{2} << 30;
  static constexpr size_t kLargestPiece = 256 << 10;
  // Of the disk, left to everything else.
  static constexpr uint64_t kSpared = 16 << 20;

  // The file is FOLDER/upload.raucb; the folder's parent must be there.
  explicit Upload(std::string folder)
      : folder_(std::move(folder)), path_(folder_ + "/upload.raucb") {}

  // See aloha.admin.v1.Firmware/UploadFirmware. Answers how many bytes are here. A piece that fails
  // can be sent again.
  Result<uint64_t> Take(const admin::v1::UploadFirmwareRequest& piece);
  void Remove();

  bool whole() const { return state_.total_bytes() > 0 && Received() == state_.total_bytes(); }
  // Nothing is here while total_bytes is 0.
  const admin::v1::FirmwareUpload& state() const { return state_; }
  const std::string& path() const { return path_; }

 private:
  uint64_t Received() const { return state_.received_bytes(); }
  Result<> Begin(const admin::v1::UploadFirmwareRequest& piece);
  Result<> CheckRoom(uint64_t bytes) const;
  Result<> Append(const std::string& data);

  const std::string folder_, path_;
  UniqueFd file_;
  admin::v1::FirmwareUpload state_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FIRMWARE_UPLOAD_H_
