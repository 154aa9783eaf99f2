#include "supervisor/firmware/upload.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

class UploadTest : public testing::Test {
 protected:
  static admin::v1::UploadFirmwareRequest Piece(uint64_t offset, std::string data,
                                                uint64_t total = 10, std::string source = "a") {
    admin::v1::UploadFirmwareRequest piece;
    piece.set_source(std::move(source));
    piece.set_total_bytes(total);
    piece.set_offset(offset);
    piece.set_data(std::move(data));
    return piece;
  }
  void ExpectRefused(const admin::v1::UploadFirmwareRequest& piece, Code code,
                     const std::string& field) {
    const auto taken = upload_.Take(piece);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, code) << taken.error().message;
    EXPECT_EQ(taken.error().field, field);
  }
  std::string Kept() const { return state_.Read("firmware/upload.raucb"); }

  TemporaryFolder state_;
  Upload upload_{state_.path() + "/firmware"};
};

TEST_F(UploadTest, PieceByPiece) {
  EXPECT_EQ(upload_.Take(Piece(0, "01234")), 5u);
  EXPECT_FALSE(upload_.whole());
  EXPECT_EQ(upload_.Take(Piece(5, "56789")), 10u);
  EXPECT_TRUE(upload_.whole());
  EXPECT_EQ(Kept(), "0123456789");
  struct stat about {};
  ASSERT_EQ(stat((state_.path() + "/firmware").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0750u);
}

TEST_F(UploadTest, APieceThatIsThereChangesNothing) {
  ASSERT_TRUE(upload_.Take(Piece(0, "01234")));
  EXPECT_EQ(upload_.Take(Piece(0, "xxxxx")), 5u);
  EXPECT_EQ(upload_.Take(Piece(2, "xx")), 5u);
  EXPECT_EQ(Kept(), "01234");
}

TEST_F(UploadTest, AGapIsRefusedWithTheOffsetToGoOnAt) {
  ExpectRefused(Piece(5, "x"), Code::kAborted, "offset");
  ASSERT_TRUE(upload_.Take(Piece(0, "01234")));
  ExpectRefused(Piece(6, "x"), Code::kAborted, "offset");
  ExpectRefused(Piece(3, "3456"), Code::kAborted, "offset");
  EXPECT_EQ(upload_.Take(Piece(6, "x")).error().message, "go on at offset 5");
  EXPECT_EQ(Kept(), "01234");
}

TEST_F(UploadTest, AnotherFileTakesItsPlace) {
  ASSERT_TRUE(upload_.Take(Piece(0, "01234")));
  EXPECT_EQ(upload_.Take(Piece(0, "abc", 3, "b")), 3u);
  EXPECT_EQ(Kept(), "abc");
  ExpectRefused(Piece(5, "56789"), Code::kAborted, "offset");
  EXPECT_EQ(upload_.state().source(), "b");
}

TEST_F(UploadTest, BadFieldsAreNamed) {
  ASSERT_TRUE(upload_.Take(Piece(0, "01234")));
  ExpectRefused(Piece(5, "5", 10, ""), Code::kInvalidArgument, "source");
  ExpectRefused(Piece(5, "5", 10, "a\nb"), Code::kInvalidArgument, "source");
  ExpectRefused(Piece(5, "5", 10, std::string(201, 'a')), Code::kInvalidArgument, "source");
  ExpectRefused(Piece(5, ""), Code::kInvalidArgument, "data");
  ExpectRefused(Piece(0, std::string(Upload::kLargestPiece + 1, 'a'), 1 << 20),
                Code::kInvalidArgument, "data");
  ExpectRefused(Piece(5, "567890"), Code::kInvalidArgument, "offset");
  ExpectRefused(Piece(UINT64_MAX, "5"), Code::kInvalidArgument, "offset");
  ExpectRefused(Piece(0, "5", 0), Code::kInvalidArgument, "total_bytes");
  ExpectRefused(Piece(0, "5", Upload::kLargest + 1), Code::kResourceExhausted, "total_bytes");
  EXPECT_EQ(Kept(), "01234") << "nothing of it was applied";
}

TEST_F(UploadTest, RemovedItIsForgotten) {
  ASSERT_TRUE(upload_.Take(Piece(0, "0123456789")));
  upload_.Remove();
  EXPECT_FALSE(upload_.whole());
  EXPECT_FALSE(state_.Has("firmware/upload.raucb"));
  ExpectRefused(Piece(5, "5"), Code::kAborted, "offset");
}

}  // namespace
}  // namespace aloha::supervisor
