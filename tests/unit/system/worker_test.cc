// aloha-system as a process, seen from its supervisor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/system/fixture.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW.
constexpr const char* kThree = "0000000000003400";
constexpr const char* kNone = "0000000000000000";

TEST(SystemWorker, SendsWhatItBinds) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  EXPECT_EQ(supervisor.pid, process.pid());
  const Endpoint v4{"127.0.0.1", FreePort()}, v6{"::1", FreePort()}, any{"0.0.0.0", FreePort()};
  const grpc::Status bound = supervisor.Bind({v4, v6, any});
  ASSERT_TRUE(bound.ok()) << bound.error_message();
  const auto listeners = supervisor.ReceiveListeners();
  ASSERT_EQ(listeners.size(), 3U);
  for (const auto& [endpoint, socket] : listeners)
    EXPECT_EQ(Describe(socket.get()), ToString(endpoint) + " listening");
  EXPECT_TRUE(Connects(v4));
  EXPECT_TRUE(Connects(v6));
}

TEST(SystemWorker, ListenersComeAndGoWithSnapshots) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  const Endpoint imap{"127.0.0.1", FreePort()}, smtp{"127.0.0.2", FreePort()};
  ASSERT_TRUE(supervisor.Bind({imap}).ok());
  ASSERT_TRUE(supervisor.Prepare(1, {imap}).ok());
  ASSERT_TRUE(supervisor.Commit(1).ok());
  ASSERT_TRUE(supervisor.Bind({smtp}).ok());
  EXPECT_EQ(supervisor.ReceiveListeners().size(), 2U);  // and closes them here
  EXPECT_TRUE(Connects(smtp));
  ASSERT_TRUE(supervisor.Abort().ok());
  EXPECT_FALSE(Connects(smtp));
  EXPECT_TRUE(Connects(imap));
  ASSERT_TRUE(supervisor.Prepare(2, {}).ok());
  ASSERT_TRUE(supervisor.Commit(2).ok());
  EXPECT_FALSE(Connects(imap));
  uint32_t cut = 1;
  EXPECT_TRUE(supervisor.Drain(&cut).ok());
  EXPECT_EQ(cut, 0U);
}

TEST(SystemWorker, TellsEveryCauseAndKeepsNothing) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  const Endpoint busy{"127.0.0.1", FreePort()}, free{"127.0.0.2", FreePort()};
  const auto other_program = BindListener(busy, {}, 1024);
  const grpc::Status bound = supervisor.Bind({free, busy, {"host.example", 143}});
  EXPECT_EQ(bound.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(bound.error_message(),
              AllOf(StartsWith("bind " + ToString(busy) + ": address already in use"),
                    HasSubstr("\nbind host.example:143: not a numeric")));
  EXPECT_THAT(supervisor.ReceiveListeners(), IsEmpty());
  EXPECT_FALSE(Connects(free));
}

TEST(SystemWorker, ASuccessorTakesWhatTheSupervisorHandsOver) {
  const WorkerFiles files;
  const Endpoint imap{"127.0.0.1", FreePort()};
  std::map<Endpoint, UniqueFd> listeners;
  {
    const SystemProcess process(files);
    Supervision supervisor(files);
    ASSERT_TRUE(supervisor.Bind({imap}).ok());
    listeners = supervisor.ReceiveListeners();
  }
  EXPECT_TRUE(Connects(imap)) << "the supervisor's duplicate keeps the port open";
  const SystemProcess successor(files);
  Supervision supervisor(files);
  const grpc::Status rejected = supervisor.Prepare(1, {imap});
  EXPECT_EQ(rejected.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(rejected.error_message(), HasSubstr(ToString(imap)));
  supervisor.HandOver(imap, listeners[imap].get());
  ASSERT_TRUE(supervisor.Prepare(1, {imap}).ok());
  ASSERT_TRUE(supervisor.Commit(1).ok());
  listeners.clear();
  EXPECT_TRUE(Connects(imap));
  ASSERT_TRUE(supervisor.Bind({imap}).ok());
  EXPECT_EQ(supervisor.ReceiveListeners().size(), 1U);
}

TEST(SystemWorker, SendsManyThroughANarrowChannel) {
  SKIP_UNLESS_ROOT();
  const OwnNetwork network;
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files, /*send_buffer=*/1);
  std::vector<Endpoint> endpoints;
  for (uint32_t port = 1; port <= 500; ++port) endpoints.push_back({"127.0.0.1", port});
  std::map<Endpoint, UniqueFd> listeners;
  grpc::Status bound;
  std::thread call([&] { bound = supervisor.Bind(endpoints); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (listeners.size() < endpoints.size() && std::chrono::steady_clock::now() < deadline) {
    usleep(20'000);
    listeners.merge(supervisor.ReceiveListeners());
  }
  call.join();
  EXPECT_TRUE(bound.ok()) << bound.error_message();
  EXPECT_EQ(listeners.size(), endpoints.size());
}

TEST(SystemWorker, KeepsThreeCapabilitiesOfRoot) {
  SKIP_UNLESS_ROOT();
  const OwnNetwork network;
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapPrm"), kThree);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapEff"), kThree);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapInh"), kNone);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapAmb"), kNone);
  EXPECT_EQ(ProcessStatus(process.pid(), "NoNewPrivs"), "1");
  EXPECT_EQ(ProcessStatus(process.pid(), "Seccomp"), "2");
  EXPECT_TRUE(supervisor.Bind({{"0.0.0.0", 25}, {"::", 25}, {"192.0.2.9", 143}}).ok());
}

TEST(SystemWorker, GetsCapabilitiesFromItsFile) {
  SKIP_UNLESS_ROOT();
  const OwnNetwork network;
  const WorkerFiles files;
  const SystemProcess process(files, kNobody, CopyWithFileCapabilities(files.folder));
  Supervision supervisor(files);
  EXPECT_EQ(ProcessStatus(process.pid(), "Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(ProcessStatus(process.pid(), "CapPrm"), kThree);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapEff"), kThree);
  EXPECT_THAT(supervisor.GetInfo().limitations(), IsEmpty());
  EXPECT_TRUE(supervisor.Bind({{"0.0.0.0", 25}}).ok());
}

TEST(SystemWorker, SaysWhatItCannotDoWithoutCapabilities) {
  SKIP_UNLESS_ROOT();
  const OwnNetwork network;
  const WorkerFiles files;
  const SystemProcess process(files, kNobody);
  Supervision supervisor(files);
  EXPECT_EQ(ProcessStatus(process.pid(), "CapPrm"), kNone);
  EXPECT_THAT(supervisor.GetInfo().limitations(),
              ElementsAre("no CAP_NET_BIND_SERVICE: ports below 1024 cannot be bound"));
  const grpc::Status refused = supervisor.Bind({{"0.0.0.0", 25}, {"127.0.0.1", 8025}});
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(),
              HasSubstr("bind 0.0.0.0:25: permission denied: ports below 1024 need"));
  EXPECT_TRUE(supervisor.Bind({{"127.0.0.1", 8025}}).ok());
}

TEST(SystemWorker, ReportsItsConfinement) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  const worker::v1::GetInfoResponse info = supervisor.GetInfo();
  EXPECT_EQ(info.role(), "system");
  EXPECT_EQ(info.pid(), process.pid());
  EXPECT_FALSE(info.binary_id().empty());
  EXPECT_GE(info.probes_size(), 4);
  for (const worker::v1::ConfinementProbe& probe : info.probes())
    EXPECT_TRUE(probe.refused()) << probe.act();
}

TEST(SystemWorker, StreamsItsLog) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  supervisor.GetInfo();
  usleep(100'000);  // lines gather before they are kept
  grpc::ClientContext call;
  const auto reader = supervisor.WatchLog(&call, /*backlog=*/100, /*follow=*/true);
  worker::v1::LogLine line;
  ASSERT_TRUE(reader->Read(&line));
  EXPECT_EQ(line.text(), "started");
  EXPECT_EQ(line.level(), "info");
  ASSERT_TRUE(reader->Read(&line));
  EXPECT_THAT(line.text(), StartsWith("attached to supervisor"));
  ASSERT_TRUE(supervisor.Prepare(1, {}).ok() && supervisor.Commit(1).ok());
  ASSERT_TRUE(reader->Read(&line));
  EXPECT_EQ(line.text(), "holding 0 listeners");
  call.TryCancel();
  while (reader->Read(&line)) {
  }
  grpc::ClientContext second_call;
  const auto kept = supervisor.WatchLog(&second_call, /*backlog=*/1, /*follow=*/false);
  ASSERT_TRUE(kept->Read(&line));
  EXPECT_EQ(line.text(), "holding 0 listeners");
  EXPECT_FALSE(kept->Read(&line));
  EXPECT_TRUE(kept->Finish().ok());
  EXPECT_EQ(supervisor.GetInfo().generation(), 1U) << "a reader that left does no harm";
}

TEST(SystemWorker, AnotherSupervisorTakesOver) {
  const WorkerFiles files;
  const SystemProcess process(files);
  const Endpoint imap{"127.0.0.1", FreePort()};
  {
    Supervision first(files);
    ASSERT_TRUE(first.Bind({imap}).ok());
    ASSERT_TRUE(first.Prepare(7, {imap}).ok());
    ASSERT_TRUE(first.Commit(7).ok());
  }
  EXPECT_TRUE(Connects(imap));
  Supervision second(files);
  EXPECT_EQ(second.ReceiveListeners().size(), 1U) << "every supervisor gets what is held";
  EXPECT_EQ(second.GetInfo().generation(), 7U);
  EXPECT_FALSE(second.Prepare(7, {}).ok()) << "not newer";
  ASSERT_TRUE(second.Bind({imap}).ok());
  EXPECT_EQ(second.ReceiveListeners().size(), 1U);
}

TEST(SystemWorker, EndsOnSigterm) {
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  kill(process.pid(), SIGTERM);
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(process.pid()), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(ended.si_code, CLD_EXITED);
  EXPECT_EQ(ended.si_status, 0);
}

}  // namespace
}  // namespace aloha::system
