// The confined worker on a real link.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <functional>
#include <thread>

#include "tests/unit/vrrp/packets.h"
#include "tests/unit/vrrp/worker_process.h"

namespace aloha::vrrp {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using worker::v1::AddressRequest;
using State = worker::v1::VirtualRouterState;
using std::chrono::steady_clock;

const std::vector<std::string> kHere = {"10.0.0.1", "fe80::1"};
const std::vector<std::string> kThere = {"10.0.0.2", "fe80::2"};

struct Heard {
  net::Ip source;
  uint8_t version = 0, priority = 0;
  int hop_limit = 0;
  std::chrono::milliseconds interval{0};
};

// What the other node hears until `enough`, for 20 s; only good adverts.
std::vector<Heard> Listen(AdvertSocket& socket,
                          const std::function<bool(const std::vector<Heard>&)>& enough) {
  std::vector<Heard> all;
  const auto end = steady_clock::now() + 20s;
  while (!enough(all) && steady_clock::now() < end) {
    pollfd ready{socket.fd(), POLLIN, 0};
    poll(&ready, 1, 100);
    socket.Receive(
        64,
        [&](const Message& message) {
          const auto advert = ParseAdvert(message);
          ASSERT_TRUE(advert) << DropWord(advert.error());
          all.push_back({message.source, advert->version, advert->priority, message.hop_limit,
                         advert->interval});
        },
        [](Drop reason) { ADD_FAILURE() << DropWord(reason); });
  }
  EXPECT_TRUE(enough(all)) << all.size() << " adverts";
  return all;
}

auto Count(size_t count) {
  return [count](const std::vector<Heard>& all) { return all.size() >= count; };
}

// Sends an advert as the other node.
void Say(AdvertSocket& socket, const Wire& wire, const Sent& sent) {
  const net::Ip source = Ip(sent.source);
  const Result<> result =
      socket.Send(Build(sent), source, GroupFor(source), wire.there().IndexOf("eth0"));
  EXPECT_TRUE(result) << result.error().message;
}

// Of an own node, up to its mastership.
void MakeMaster(WorkerProcess& worker, const Wire& wire, const worker::v1::VrrpSnapshot& snapshot) {
  ASSERT_TRUE(worker.Use(wire.here(), snapshot).ok());
  worker.ConnectSystem();
  worker.TellInterface(wire.here(), true, kHere);
  worker.TellAddresses(snapshot.routers(0).name(), false);
  worker.Grant(AddressRequest::CLAIM);
  worker.Await(State::MASTER);
}

TEST(VrrpWorker, SaysThatItIsMasterInEveryVersionAndFamily) {
  struct Case {
    bool ipv6;
    int version, interval_cs;
  };
  for (const auto& [ipv6, version, interval_cs] :
       {Case{false, 2, 100}, Case{false, 3, 1}, Case{true, 3, 1}}) {
    const Wire wire;
    const auto other = OtherNode(wire, ipv6);
    WorkerProcess worker;
    MakeMaster(worker, wire, OneRouter(100, ipv6, interval_cs, version));
    for (const Heard& heard : Listen(*other, Count(version == 2 ? 2 : 20))) {
      EXPECT_EQ(heard.source, Ip(ipv6 ? "fe80::1" : "10.0.0.1"));
      EXPECT_EQ(heard.version, version);
      EXPECT_EQ(heard.priority, 100);
      EXPECT_EQ(heard.hop_limit, 255);
      EXPECT_EQ(heard.interval, interval_cs * 10ms);
    }
    const State state = worker.GetState();
    EXPECT_EQ(state.source(), ipv6 ? "fe80::1" : "10.0.0.1");
    EXPECT_EQ(state.dropped_total().size(), 0u);  // its own adverts do not come back
    EXPECT_EQ(state.why().substr(0, 22), "no other master within");
  }
}

TEST(VrrpWorker, IsConfined) {
  WorkerProcess worker;
  worker::v1::GetInfoResponse info;
  ASSERT_TRUE(worker.worker().GetInfo(WorkerProcess::Call().get(), {}, &info).ok());
  EXPECT_EQ(info.role(), "vrrp");
  for (const auto& probe : info.probes()) EXPECT_TRUE(probe.refused()) << probe.act();
}

TEST(VrrpWorker, RejectsWhatItCannotRun) {
  const Wire wire;
  WorkerProcess worker;
  worker::v1::Snapshot snapshot;
  *snapshot.mutable_vrrp() = OneRouter(100);
  const grpc::Status no_socket = worker.SpawnedWorker::Use(snapshot);
  EXPECT_EQ(no_socket.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(no_socket.error_message(), "vrrp.routers: no raw socket for IPv4 on eth0 arrived");
  auto wrong = OneRouter(100);
  wrong.mutable_routers(0)->set_vrid(0);
  EXPECT_EQ(worker.Use(wire.here(), wrong).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(worker.Use(wire.here(), OneRouter(100)).ok());
  const State state = worker.GetState();
  EXPECT_EQ(state.state(), State::FAULT);
  EXPECT_EQ(state.why(), "waiting for aloha-system to tell of eth0");
}

TEST(VrrpWorker, SaysGoodbyeWhenItIsDrained) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(100));
  std::thread system([&] { worker.Grant(AddressRequest::RELEASE); });
  worker.Drain(20s);  // answered when aloha-system has answered
  system.join();
  const auto heard =
      Listen(*other, [](const auto& all) { return !all.empty() && all.back().priority == 0; });
  EXPECT_EQ(worker.GetState().why(), "gave up: aloha-vrrp stops");
  EXPECT_EQ(worker.GetState().adverts_sent_total(), heard.size());
}

TEST(VrrpWorker, SaysGoodbyeForARouterThatIsNotConfiguredAnyMore) {
  const Wire wire;
  const auto other = OtherNode(wire, true);
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(100, true));
  ASSERT_TRUE(worker.Use(wire.here(), {}).ok());
  Listen(*other, [](const auto& all) { return !all.empty() && all.back().priority == 0; });
  worker.Grant(AddressRequest::RELEASE);
}

TEST(VrrpWorker, IsReplacedWithoutAWord) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  auto old = std::make_unique<WorkerProcess>();
  MakeMaster(*old, wire, OneRouter(100));
  WorkerProcess fresh;
  ASSERT_TRUE(fresh.Use(wire.here(), OneRouter(100)).ok());
  old->Drain(0ms);
  const uint64_t sent = old->GetState().adverts_sent_total();
  fresh.ConnectSystem();
  fresh.TellAddresses("ipv4", true);
  fresh.TellInterface(wire.here(), true, kHere);
  fresh.Grant(AddressRequest::CLAIM);
  const State state = fresh.Await(State::MASTER);
  EXPECT_EQ(state.why(), "took over from an earlier aloha-vrrp");
  EXPECT_EQ(state.history_size(), 1);
  EXPECT_EQ(old->GetState().adverts_sent_total(), sent);
  kill(old->pid(), SIGTERM);
  for (const Heard& heard : Listen(*other, Count(sent + 20))) EXPECT_EQ(heard.priority, 100);
}

TEST(VrrpWorker, YieldsToABetterMasterAndComesBack) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(100));
  Say(*other, wire, {.priority = 150, .interval = 10ms});
  worker.Grant(AddressRequest::RELEASE);
  worker.Grant(AddressRequest::CLAIM);  // nothing more was heard
  const State state = worker.Await(State::MASTER);
  ASSERT_GE(state.history_size(), 4);
  EXPECT_EQ(state.history(1).why(), "10.0.0.2 has priority 150, this node 100");
  EXPECT_EQ(state.history(0).why().substr(0, 13), "no advert for");
  EXPECT_EQ(state.peers(0).address(), "10.0.0.2");
}

TEST(VrrpWorker, GivesUpWhenItIsHindered) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(160, false, 100));
  worker.Hinder("haproxy is not OK");
  Listen(*other, [](const auto& all) { return !all.empty() && all.back().priority == 0; });
  Say(*other, wire, {.priority = 100});
  worker.Grant(AddressRequest::RELEASE);
  const State state = worker.Await(State::BACKUP);
  EXPECT_EQ(state.why(), "10.0.0.2 has priority 100, this node 10 (haproxy is not OK)");
  EXPECT_EQ(state.effective_priority(), 10u);
  worker.Hinder("");
  EXPECT_EQ(worker.GetState().effective_priority(), 160u);
}

TEST(VrrpWorker, CountsWhatItDoesNotTake) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(100, false, 100));
  Say(*other, wire, {.vrid = 9, .priority = 200});
  Say(*other, wire, {.version = 2, .priority = 200});
  Say(*other, wire, {.priority = 200, .addresses = {"10.9.9.9"}});
  Sent spoilt{.priority = 200};
  Bytes bytes = Build(spoilt);
  bytes[7] ^= 1;
  EXPECT_TRUE(other->Send(bytes, Ip("10.0.0.2"), Ip("224.0.0.18"), wire.there().IndexOf("eth0")));
  State state;
  const auto end = steady_clock::now() + 20s;
  while (state.dropped_total().size() < 4 && steady_clock::now() < end) state = worker.GetState();
  for (const char* reason : {"vrid", "version", "addresses", "checksum"}) {
    ASSERT_TRUE(state.dropped_total().contains(reason)) << reason;
    EXPECT_EQ(state.dropped_total().at(reason), 1u) << reason;
  }
  EXPECT_EQ(state.state(), State::MASTER);
}

TEST(VrrpWorker, TakesOverFromANodeThatDies) {
  const Wire wire;
  auto one = std::make_unique<WorkerProcess>();
  MakeMaster(*one, wire, OneRouter(150, false, 10));
  WorkerProcess other;
  ASSERT_TRUE(other.Use(wire.there(), OneRouter(100, false, 10)).ok());
  other.ConnectSystem();
  other.TellInterface(wire.there(), true, kThere);
  other.TellAddresses("ipv4", false);
  other.Await(State::BACKUP);
  while (other.GetState().peers_size() == 0) std::this_thread::sleep_for(5ms);
  one.reset();  // kill -9
  other.Grant(AddressRequest::CLAIM);
  const State state = other.Await(State::MASTER);
  EXPECT_EQ(state.why().substr(0, 13), "no advert for");
}

TEST(VrrpWorker, AnInterfaceThatGoesIsAFaultUntilItComesBack) {
  const Wire wire;
  WorkerProcess worker;
  MakeMaster(worker, wire, OneRouter(100));
  worker.TellInterface(wire.here(), false, kHere);
  worker.Grant(AddressRequest::RELEASE);
  EXPECT_EQ(worker.Await(State::FAULT).why(), "eth0 is down or has no carrier");
  worker.TellInterface(wire.here(), true, {"fe80::1"});
  while (worker.GetState().why() != "eth0 has no IPv4 address") std::this_thread::sleep_for(5ms);
  worker.TellInterface(wire.here(), true, kHere);
  worker.Grant(AddressRequest::CLAIM);
  worker.Await(State::MASTER);
}

// As fast as one thread can: strangers, while the master is heard every 50 ms. For longer than a
// backup waits for a master that is silent.
TEST(VrrpWorker, HearsTheMasterThroughAFlood) {
  const Wire wire;
  const auto other = OtherNode(wire, false);
  wire.there().Run("ip address add 10.0.0.66/24 dev eth0");
  WorkerProcess worker;
  ASSERT_TRUE(worker.Use(wire.here(), OneRouter(100, false, 100)).ok());
  worker.ConnectSystem();
  worker.TellInterface(wire.here(), true, kHere);
  worker.TellAddresses("ipv4", false);
  worker.Await(State::BACKUP);
  const uint32_t index = wire.there().IndexOf("eth0");
  const Bytes flood = Build({.vrid = 9, .source = "10.0.0.66"});
  const Bytes master = Build({.priority = 200});
  const auto flood_once = [&] {
    (void)other->Send(flood, Ip("10.0.0.66"), Ip("224.0.0.18"), index);
  };
  EXPECT_TRUE(other->Send(master, Ip("10.0.0.2"), Ip("224.0.0.18"), index));
  while (worker.GetState().peers_size() == 0) std::this_thread::sleep_for(5ms);
  const auto end = steady_clock::now() + 5s;
  while (steady_clock::now() < end) {
    EXPECT_TRUE(other->Send(master, Ip("10.0.0.2"), Ip("224.0.0.18"), index));
    const auto next_advert = steady_clock::now() + 50ms;
    while (steady_clock::now() < next_advert) flood_once();
  }
  State state = worker.GetState();
  EXPECT_EQ(state.state(), State::BACKUP);
  EXPECT_EQ(state.history_size(), 1);
  // What the socket cannot hold is counted: certainly something, while its reader gets no time.
  std::this_thread::sleep_for(1500ms);  // the filter has gone
  kill(worker.pid(), SIGSTOP);
  for (int i = 0; i < 5'000; ++i) flood_once();
  kill(worker.pid(), SIGCONT);
  for (int i = 0; i < 1'000 && !state.dropped_total().contains("flood"); ++i) {
    std::this_thread::sleep_for(20ms);
    state = worker.GetState();
  }
  EXPECT_TRUE(state.dropped_total().contains("flood"));
  RecordProperty("dropped", state.ShortDebugString());
}

}  // namespace
}  // namespace aloha::vrrp
