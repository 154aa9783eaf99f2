// Which end is that of which installation, in orders of RAUC's words that are rare. The rest is in
// tests/integration/test_firmware.py.
#include "supervisor/firmware/firmware.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/firmware/fake_rauc.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

constexpr char kIdle[] = "idle", kInstalling[] = "installing";

class FirmwareTest : public testing::Test {
 protected:
  void TearDown() override {
    // What still waits refers to it.
    if (HasFailure()) (void)firmware_.release();
  }

  void Turn() {
    rauc_.Poll();
    loop_.restart();
    loop_.poll();
  }
  template <typename Done>
  void Until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (; !done(); std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      Turn();
    }
    Turn();
  }
  void UntilAsked(size_t questions) {
    Until([this, questions] { return rauc_.asked() == questions; });
  }
  // An answer that makes it look at the slots, and until it has.
  void AnswerIdle() {
    const int told = rauc_.told();
    rauc_.AnswerStatus(kIdle);
    Until([this, told] { return rauc_.told() > told; });
  }
  asio::awaitable<void> Get() { (void)co_await firmware_->Get(); }
  void Look() { Spawn(loop_, Get()); }
  admin::v1::FirmwareState state() const { return firmware_->state(); }

  TemporaryFolder folder_;
  FakeRauc rauc_{folder_.path()};
  Log log_{{.program = "firmware_test", .level = LogLevel::kError}};
  Events events_{log_, ""};
  asio::io_context loop_;
  std::unique_ptr<Firmware> firmware_ =
      std::make_unique<Firmware>(loop_, events_, folder_.path() + "/firmware", "1.2.0-1");
};

TEST_F(FirmwareTest, AStatusOfBeforeTheEndBeginsNothing) {
  Look();
  UntilAsked(1);
  rauc_.AnswerStatus(kInstalling);
  UntilAsked(1);  // it follows
  Look();
  UntilAsked(2);
  rauc_.AnswerStatus(kInstalling);
  rauc_.AnswerStatus(kInstalling);
  rauc_.SendCompleted(0);
  UntilAsked(1);
  EXPECT_FALSE(state().has_installation());
  EXPECT_TRUE(state().result().succeeded());
  AnswerIdle();
  EXPECT_EQ(rauc_.asked(), 0u);
  EXPECT_EQ(events_.all().size(), 1u);
}

TEST_F(FirmwareTest, AnEndThatCameBeforeIsNotThatOfTheNextInstallation) {
  Look();
  UntilAsked(1);
  AnswerIdle();
  rauc_.SendCompleted(1);  // of one that was not seen
  Turn();
  Look();
  UntilAsked(1);
  rauc_.AnswerStatus(kInstalling);
  UntilAsked(1);
  rauc_.AnswerStatus(kInstalling);
  Turn();
  EXPECT_TRUE(state().has_installation());
  EXPECT_FALSE(state().has_result());
  rauc_.SendCompleted(0);
  UntilAsked(1);
  rauc_.AnswerStatus(kIdle);
  UntilAsked(1);
  EXPECT_TRUE(state().result().succeeded());
  AnswerIdle();
  EXPECT_EQ(events_.all().size(), 1u);
}

// It is over before it is known of.
TEST_F(FirmwareTest, AStatusOfBeforeAnEndThatNobodyAwaitedBeginsNothing) {
  Look();
  UntilAsked(1);
  rauc_.AnswerStatus(kInstalling);
  rauc_.SendCompleted(0);
  Turn();
  EXPECT_FALSE(state().has_installation());
  EXPECT_FALSE(state().has_result());
  EXPECT_TRUE(events_.all().empty());
}

}  // namespace
}  // namespace aloha::supervisor
