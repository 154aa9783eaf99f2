// The keeper as a process, seen from the supervisor that is still root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/system/fixture.h"
#include "workers/runtime/packet.h"
#include "workers/system/keeper_client.h"

namespace aloha::system {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kThree = "0000000000003400";
constexpr const char* kNone = "0000000000000000";

KeeperReport Await(int keeper) {
  pollfd wait{.fd = keeper, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 10'000), 1) << "no report";
  const auto report = ReceiveReport(keeper);
  EXPECT_TRUE(report) << report.error().message;
  return report.value_or(KeeperReport{KeeperReport::Kind::kFailed});
}

class KeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_UNLESS_ROOT();
    network_ = std::make_unique<OwnNetwork>();
    Start(ALOHA_SYSTEM_BINARY);
  }

  void TearDown() override {
    if (keeper_) {
      EXPECT_EQ(End(), 0);
    }
  }

  void Start(const std::string& binary) {
    auto keeper = StartKeeper(binary, kNobody, kNobody, &pid_);
    ASSERT_TRUE(keeper) << keeper.error().message;
    keeper_ = std::move(*keeper);
  }

  // Lets the keeper see the end of its supervisor; answers its exit code.
  int End() {
    keeper_.reset();
    return ExitCode();
  }

  int ExitCode() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t StartWorker(const WorkerFiles& files) {
    const std::string arguments[] = {"--log-level", "debug"};
    EXPECT_TRUE(SendStart(keeper_.get(), files.control.get(), files.journal.get(), arguments));
    const KeeperReport started = Await(keeper_.get());
    EXPECT_EQ(started.kind, KeeperReport::Kind::kStarted) << started.reason;
    return started.pid;
  }

  void KillWorker(pid_t worker) {
    kill(worker, SIGKILL);
    const KeeperReport ended = Await(keeper_.get());
    EXPECT_EQ(ended.kind, KeeperReport::Kind::kEnded);
    EXPECT_EQ(ended.pid, worker);
    EXPECT_TRUE(WIFSIGNALED(ended.wait_status) && WTERMSIG(ended.wait_status) == SIGKILL);
  }

  std::unique_ptr<OwnNetwork> network_;
  UniqueFd keeper_;
  pid_t pid_ = -1;
};

TEST_F(KeeperTest, GivesRootUpAndKeepsThreeCapabilities) {
  EXPECT_EQ(ProcessStatus(pid_, "Name"), "aloha-system");
  EXPECT_EQ(ProcessStatus(pid_, "Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(ProcessStatus(pid_, "Gid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(ProcessStatus(pid_, "Groups"), "65534 ");
  EXPECT_EQ(ProcessStatus(pid_, "CapPrm"), kThree);
  EXPECT_EQ(ProcessStatus(pid_, "CapInh"), kThree);
  EXPECT_EQ(ProcessStatus(pid_, "CapAmb"), kThree);
  EXPECT_EQ(ProcessStatus(pid_, "CapBnd"), kThree);
  EXPECT_EQ(ProcessStatus(pid_, "CapEff"), kNone);
  EXPECT_EQ(ProcessStatus(pid_, "NoNewPrivs"), "1");
  EXPECT_THAT(OpenDescriptors(pid_), ElementsAre(0, 1, 2, 3));
}

TEST_F(KeeperTest, StartsAWorkerWithCapabilities) {
  const WorkerFiles files;
  const pid_t worker = StartWorker(files);
  Supervision supervisor(files);
  EXPECT_EQ(supervisor.pid, worker);
  EXPECT_EQ(ProcessStatus(worker, "Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(ProcessStatus(worker, "PPid"), std::to_string(pid_));
  EXPECT_EQ(ProcessStatus(worker, "CapPrm"), kThree);
  EXPECT_EQ(ProcessStatus(worker, "CapEff"), kThree);
  EXPECT_EQ(ProcessStatus(worker, "CapInh"), kNone);
  EXPECT_EQ(ProcessStatus(worker, "CapAmb"), kNone);
  EXPECT_THAT(supervisor.GetInfo().limitations(), IsEmpty());
  const grpc::Status bound = supervisor.Bind({{"0.0.0.0", 25}, {"::", 25}});
  EXPECT_TRUE(bound.ok()) << bound.error_message();
  EXPECT_EQ(supervisor.ReceiveListeners().size(), 2U);
  EXPECT_THAT(OpenDescriptors(pid_).size(), 5U)
      << "the channel and one handle, none of the worker's";
  KillWorker(worker);
}

TEST_F(KeeperTest, StartsAnotherOneAfterADeath) {
  for (int round = 0; round < 3; ++round) {
    const WorkerFiles files;
    const pid_t worker = StartWorker(files);
    Supervision supervisor(files);
    EXPECT_TRUE(supervisor.Bind({{"127.0.0.1", 143}}).ok());
    KillWorker(worker);
  }
}

TEST_F(KeeperTest, WorksWithABinaryThatHasFileCapabilities) {
  EXPECT_EQ(End(), 0);
  const WorkerFiles files;
  Start(CopyWithFileCapabilities(files.folder));
  const pid_t worker = StartWorker(files);
  Supervision supervisor(files);
  EXPECT_EQ(ProcessStatus(worker, "CapEff"), kThree);
  KillWorker(worker);
}

TEST_F(KeeperTest, EndsWithItsSupervisorAndLeavesTheWorker) {
  const WorkerFiles files;
  const pid_t worker = StartWorker(files);
  EXPECT_EQ(End(), 0);
  Supervision next(files);
  EXPECT_EQ(next.GetInfo().pid(), worker);
  kill(worker, SIGKILL);
}

TEST_F(KeeperTest, ReportsAWorkerThatDoesNotStart) {
  const WorkerFiles files;
  const std::string arguments[] = {"--no-such-option"};
  ASSERT_TRUE(SendStart(keeper_.get(), files.control.get(), files.journal.get(), arguments));
  EXPECT_EQ(Await(keeper_.get()).kind, KeeperReport::Kind::kStarted);
  const KeeperReport ended = Await(keeper_.get());
  EXPECT_EQ(ended.kind, KeeperReport::Kind::kEnded);
  EXPECT_EQ(WEXITSTATUS(ended.wait_status), 2);
}

TEST_F(KeeperTest, ABrokenProtocolIsFatal) {
  ASSERT_TRUE(SendPacket(keeper_.get(), "start"));  // without descriptors
  EXPECT_EQ(ExitCode(), 1);
  keeper_.reset();
}

TEST_F(KeeperTest, AWorkerIsNoKeeper) {
  const WorkerFiles files;
  const std::string arguments[] = {"--keeper", "3", "--user", "0:0"};
  ASSERT_TRUE(SendStart(keeper_.get(), files.control.get(), files.journal.get(), arguments));
  EXPECT_EQ(ExitCode(), 1);
  keeper_.reset();
}

TEST(StartKeeper, FailsWithAReason) {
  SKIP_UNLESS_ROOT();
  pid_t pid = -1;
  const auto missing = StartKeeper("/nonexistent/aloha-system", kNobody, kNobody, &pid);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("exec /nonexistent/aloha-system: No such file"));
  const TempFolder closed;
  const std::string copy = CopyWithFileCapabilities(closed);
  chmod((closed / "").c_str(), 0700);
  const auto unreachable = StartKeeper(copy, kNobody, kNobody, &pid);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().message,
            "keeper: user 65534 cannot execute " + copy + ": Permission denied");
  EXPECT_FALSE(StartKeeper(ALOHA_SYSTEM_BINARY, 0, 0, &pid)) << "root would stay root";
  AsUser(kNobody, [&pid] {
    const auto refused = StartKeeper(ALOHA_SYSTEM_BINARY, kNobody, kNobody, &pid);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  });
}

}  // namespace
}  // namespace aloha::system
