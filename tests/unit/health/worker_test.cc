// The confined worker: what its supervisor and the proxy are told.
#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <thread>

#include "tests/unit/health/fake_server.h"
#include "tests/unit/health/worker_process.h"
#include "workers/runtime/packet.h"

namespace aloha::health {
namespace {

using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UP;
using worker::v1::TargetState;
using worker::v1::TargetStates;

// One IMAP check and its target.
void AddServer(worker::v1::HealthSnapshot* snapshot, const std::string& name, uint16_t port,
               bool tls = false, const char* address = "127.0.0.1") {
  worker::v1::Check* check = snapshot->add_checks();
  check->set_id("imap/" + name);
  check->set_address(address);
  check->set_port(port);
  check->set_interval_ms(50);
  check->set_timeout_ms(5000);
  check->set_rise(2);
  check->set_fall(2);
  check->mutable_imap();
  if (tls) check->mutable_tls();
  worker::v1::Target* target = snapshot->add_targets();
  target->set_service("imap");
  target->set_server(name);
  target->add_check_ids(check->id());
}

using Reader = grpc::ClientReader<TargetStates>;

// Reads until a state of that server satisfies `wanted`; the deadline of the call bounds it.
TargetState Await(Reader& reader, const std::string& server,
                  const std::function<bool(const TargetState&)>& wanted) {
  TargetStates states;
  while (reader.Read(&states)) {
    for (const TargetState& state : states.targets()) {
      if (state.server() == server && wanted(state)) return state;
    }
  }
  ADD_FAILURE() << "the stream ended";
  return {};
}

// The same from the channel to the proxy.
TargetState AwaitPacket(int socket, const std::string& server, worker::v1::CheckState wanted) {
  for (int packets = 0; packets < 1000; ++packets) {
    pollfd ready{socket, POLLIN, 0};
    if (poll(&ready, 1, 20'000) != 1) break;
    const Result<Packet> packet = ReceivePacket(socket);
    TargetStates states;
    if (!packet || !states.ParseFromString(packet->payload)) break;
    for (const TargetState& state : states.targets()) {
      if (state.server() == server && state.state() == wanted) return state;
    }
  }
  ADD_FAILURE() << "no such state of " << server;
  return {};
}

std::function<bool(const TargetState&)> In(worker::v1::CheckState wanted) {
  return [wanted](const TargetState& state) { return state.state() == wanted; };
}

TEST(HealthWorker, TellsEveryChangeToItsWatchersAndTheProxy) {
  WorkerProcess worker;
  auto server = std::make_unique<FakeServer>(FakeServerScript{.says = {"* OK hi\r\n"}});
  worker::v1::HealthSnapshot snapshot;
  AddServer(&snapshot, "CAS1", server->port());
  AddServer(&snapshot, "CAS2", UnusedPort());
  const UniqueFd proxy = worker.GivePeer();
  ASSERT_TRUE(worker.Use(snapshot).ok());

  const auto call = WorkerProcess::Call();
  const auto reader = worker.health().WatchTargets(call.get(), {});
  EXPECT_EQ(Await(*reader, "CAS1", In(CHECK_STATE_UP)).last_result(), "* OK");
  EXPECT_EQ(AwaitPacket(proxy.get(), "CAS1", CHECK_STATE_UP).service(), "imap");
  EXPECT_EQ(AwaitPacket(proxy.get(), "CAS2", CHECK_STATE_DOWN).reason(), "connection refused");

  server.reset();
  const TargetState down = Await(*reader, "CAS1", In(CHECK_STATE_DOWN));
  EXPECT_EQ(down.reason(), "connection refused");
  EXPECT_GT(down.since_us(), 0);
  AwaitPacket(proxy.get(), "CAS1", CHECK_STATE_DOWN);
  call->TryCancel();
}

TEST(HealthWorker, ANewChannelAndANewSnapshotBeginWithEveryState) {
  WorkerProcess worker;
  FakeServer server({.says = {"* OK hi\r\n"}});
  worker::v1::HealthSnapshot snapshot;
  AddServer(&snapshot, "CAS1", server.port());
  ASSERT_TRUE(worker.Use(snapshot).ok());
  const auto call = WorkerProcess::Call();
  const auto reader = worker.health().WatchTargets(call.get(), {});
  Await(*reader, "CAS1", In(CHECK_STATE_UP));

  const UniqueFd proxy = worker.GivePeer();
  AwaitPacket(proxy.get(), "CAS1", CHECK_STATE_UP);
  snapshot.mutable_targets(0)->set_server("renamed");
  ASSERT_TRUE(worker.Use(snapshot).ok());
  AwaitPacket(proxy.get(), "renamed", CHECK_STATE_UP);
  Await(*reader, "renamed", In(CHECK_STATE_UP));
}

TEST(HealthWorker, ProbesInsideTlsAndOverIpv6WhileConfined) {
  WorkerProcess worker;
  FakeServer server({.says = {"* OK hi\r\n"}, .tls = true});
  worker::v1::HealthSnapshot snapshot;
  AddServer(&snapshot, "tls", server.port(), true);
  AddServer(&snapshot, "six", UnusedPort(), false, "::1");
  ASSERT_TRUE(worker.Use(snapshot).ok());
  const auto call = WorkerProcess::Call();
  const auto reader = worker.health().WatchTargets(call.get(), {});
  Await(*reader, "tls", In(CHECK_STATE_UP));

  worker::v1::ListChecksRequest request;
  request.set_id_prefix("imap/s");
  worker::v1::ListChecksResponse checks;
  for (int i = 0; i < 200 && (checks.checks_size() == 0 || checks.checks(0).results().empty());
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(worker.health().ListChecks(WorkerProcess::Call().get(), request, &checks).ok());
  }
  ASSERT_EQ(checks.checks_size(), 1);
  EXPECT_EQ(checks.checks(0).id(), "imap/six");
  EXPECT_EQ(checks.checks(0).results(0).reason(), "connection refused");

  worker::v1::GetInfoResponse info;
  ASSERT_TRUE(worker.worker().GetInfo(WorkerProcess::Call().get(), {}, &info).ok());
  EXPECT_EQ(info.role(), "health");
  for (const auto& probe : info.probes()) EXPECT_TRUE(probe.refused()) << probe.act();
}

TEST(HealthWorker, RejectsABadSnapshotWholeAndKeepsTheOldOne) {
  WorkerProcess worker;
  FakeServer server({.says = {"* OK hi\r\n"}});
  worker::v1::HealthSnapshot snapshot;
  AddServer(&snapshot, "CAS1", server.port());
  ASSERT_TRUE(worker.Use(snapshot).ok());
  snapshot.mutable_checks(0)->set_address("cas1.example.org");
  const grpc::Status status = worker.Use(snapshot);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("\"cas1.example.org\" is not a numeric address"),
            std::string::npos)
      << status.error_message();
  const auto call = WorkerProcess::Call();
  const auto reader = worker.health().WatchTargets(call.get(), {});
  Await(*reader, "CAS1", In(CHECK_STATE_UP));
}

TEST(HealthWorker, DrainsAtOnceWithSlowWatchersAround) {
  WorkerProcess worker;
  worker::v1::HealthSnapshot snapshot;
  for (int i = 0; i < 500; ++i) AddServer(&snapshot, std::to_string(i), UnusedPort());
  const auto call = WorkerProcess::Call();
  const auto silent = worker.health().WatchTargets(call.get(), {});  // never read
  ASSERT_TRUE(worker.Use(snapshot).ok());
  {
    const auto leaver = WorkerProcess::Call();
    const auto reader = worker.health().WatchTargets(leaver.get(), {});
    Await(*reader, "7", In(CHECK_STATE_DOWN));
    leaver->TryCancel();
    reader->Finish();
  }
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(worker.Use(snapshot).ok());
  worker::v1::DrainRequest request;
  request.set_timeout_ms(10'000);
  worker::v1::DrainResponse response;
  ASSERT_TRUE(worker.worker().Drain(WorkerProcess::Call().get(), request, &response).ok());
  EXPECT_EQ(response.cut(), 0u);
}

}  // namespace
}  // namespace aloha::health
