// The channel of aloha-vrrp, and what happens without it.
#include "workers/system/network_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <deque>

#include "tests/unit/system/networks.h"
#include "workers/runtime/packet.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using worker::v1::AddressRequest;
using worker::v1::SystemNotice;

// aloha-vrrp's end.
class Vrrp {
 public:
  Vrrp(asio::io_context& loop, NetworkSide& side) : loop_(loop) {
    SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
    socket_ = std::move(pair.ours);
    side.Connect(std::move(pair.theirs));
  }
  void Send(const std::string& packet) { EXPECT_TRUE(SendPacket(socket_.get(), packet)); }
  void Ask(AddressRequest::Action action) {
    AddressRequest request;
    request.set_number(++number_);
    request.set_router("ipv4");
    request.set_action(action);
    Send(request.SerializeAsString());
  }
  // The next notice; without one when the channel ended.
  SystemNotice Next() {
    SystemNotice notice;
    const bool came = RunUntil(loop_, [&] {
      const auto packet = ReceivePacket(socket_.get());
      if (packet) return notice.ParseFromString(packet->payload);
      return packet.error().code == Code::kUnavailable;
    });
    EXPECT_TRUE(came) << "no notice came";
    return notice;
  }
  // The answer to the last request; what was told unasked before is passed over.
  worker::v1::AddressState Answer() {
    for (;;) {
      const SystemNotice notice = Next();
      if (notice.notice_case() == SystemNotice::NOTICE_NOT_SET) return {};
      if (notice.address().number() == number_) return notice.address();
    }
  }
  bool Ended() { return Next().notice_case() == SystemNotice::NOTICE_NOT_SET; }
  void Close() { socket_.reset(); }

 private:
  asio::io_context& loop_;
  UniqueFd socket_;
  uint64_t number_ = 0;
};

class NetworkSideTest : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_UNLESS_ROOT();
    worker::v1::VirtualAddresses* router = snapshot_.add_virtual_addresses();
    router->set_router("ipv4");
    router->set_interface("eth0");
    router->set_vrid(51);
    router->add_addresses("10.9.0.253/16");
    Run(side_);
  }
  void Run(NetworkSide& side) {
    const auto prepared = side.Prepare(snapshot_);
    ASSERT_TRUE(prepared) << prepared.error().message;
    side.Commit();
  }
  static bool IsSet() {
    return Shell("ip address show dev eth0").find("10.9.0.253") != std::string::npos;
  }
  std::vector<std::pair<VrrpEndpoint, int>> Sockets() const {
    std::vector<std::pair<VrrpEndpoint, int>> sockets;
    if (socket_) sockets.emplace_back(VrrpEndpoint{"eth0", false}, socket_.get());
    return sockets;
  }

  const Cable cable_;
  asio::io_context loop_;
  Log log_{{.program = "aloha-test"}};
  worker::v1::SystemSnapshot snapshot_;
  UniqueFd socket_;
  const std::chrono::milliseconds start_time_{300};
  NetworkSide side_{loop_, log_, [this] { return Sockets(); }, start_time_};
};

TEST_F(NetworkSideTest, TellsEverythingAtFirstAndAnswers) {
  Vrrp vrrp(loop_, side_);
  SystemNotice notice = vrrp.Next();
  EXPECT_EQ(notice.address().router(), "ipv4");
  EXPECT_EQ(notice.address().number(), 0U);
  EXPECT_FALSE(notice.address().held());
  notice = vrrp.Next();
  EXPECT_EQ(notice.interface().interface(), "eth0");
  EXPECT_TRUE(notice.interface().up());
  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  EXPECT_TRUE(IsSet());
  Run(side_);  // a commit tells everything again
  bool told = false;
  while (!told) {
    notice = vrrp.Next();
    told = notice.address().number() == 0 && notice.address().held();
  }
  vrrp.Ask(AddressRequest::RELEASE);
  EXPECT_FALSE(vrrp.Answer().held());
  EXPECT_FALSE(IsSet());
}

TEST_F(NetworkSideTest, TellsWhatChanges) {
  Vrrp vrrp(loop_, side_);
  const auto await = [&](const std::function<bool(const worker::v1::InterfaceState&)>& condition) {
    for (int i = 0; i < 50; ++i) {
      const SystemNotice notice = vrrp.Next();
      if (notice.has_interface() && condition(notice.interface())) return true;
    }
    return false;
  };
  const auto has = [](const worker::v1::InterfaceState& state, const std::string& address) {
    return std::count(state.addresses().begin(), state.addresses().end(), address) > 0;
  };
  EXPECT_TRUE(await([](const auto& state) { return state.up(); }));
  cable_.There([] { Shell("ip link set peer down"); });
  EXPECT_TRUE(await([](const auto& state) { return !state.up(); })) << "carrier lost";
  cable_.There([] { Shell("ip link set peer up"); });
  EXPECT_TRUE(await([](const auto& state) { return state.up(); }));
  Shell("ip address add 10.9.0.42/16 dev eth0");
  EXPECT_TRUE(await([&](const auto& state) { return has(state, "10.9.0.42"); }));
  Shell("ip address delete 10.9.0.42/16 dev eth0");
  EXPECT_TRUE(await([&](const auto& state) { return !has(state, "10.9.0.42"); }));
  cable_.Pull();
  EXPECT_TRUE(await([](const auto& state) { return state.index() == 0; }));
}

TEST_F(NetworkSideTest, SocketsAndAddressesFollowTheInterface) {
  auto opened = side_.OpenSocket({"eth0", false});
  ASSERT_TRUE(opened) << opened.error().message;
  socket_ = std::move(*opened);
  Vrrp vrrp(loop_, side_);
  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  cable_.Pull();
  cable_.PutIn();
  EXPECT_TRUE(RunUntil(loop_, [&] {
    int index = 0;
    socklen_t size = sizeof(index);
    getsockopt(socket_.get(), SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size);
    return IsSet() && static_cast<unsigned>(index) == if_nametoindex("eth0");
  }));
}

TEST_F(NetworkSideTest, APacketThatIsNoRequestEndsTheChannel) {
  AddressRequest nothing;
  nothing.set_number(1);
  nothing.set_router("ipv4");
  AddressRequest unknown = nothing;
  unknown.set_action(static_cast<AddressRequest::Action>(9));
  AddressRequest nameless;
  nameless.set_action(AddressRequest::CLAIM);
  for (const std::string& packet :
       {std::string("\xff\xff"), nothing.SerializeAsString(), unknown.SerializeAsString(),
        nameless.SerializeAsString(), std::string(60'000, 'x')}) {
    Vrrp vrrp(loop_, side_);
    vrrp.Next();
    vrrp.Next();
    vrrp.Send(packet);
    EXPECT_TRUE(vrrp.Ended());
  }
  EXPECT_FALSE(IsSet());
}

TEST_F(NetworkSideTest, ARouterThatIsNotThereIsAnswered) {
  Vrrp vrrp(loop_, side_);
  AddressRequest request;
  request.set_number(7);
  request.set_router("other");
  request.set_action(AddressRequest::CLAIM);
  vrrp.Send(request.SerializeAsString());
  SystemNotice notice;
  do notice = vrrp.Next();
  while (notice.address().number() != 7);
  EXPECT_THAT(notice.address().problem(), HasSubstr("no router \"other\""));
}

TEST_F(NetworkSideTest, AFreshVrrpFindsItsAddresses) {
  Vrrp first(loop_, side_);
  first.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(first.Answer().held());
  first.Close();
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(50));
  Vrrp second(loop_, side_);
  EXPECT_TRUE(second.Next().address().held());
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(1'100));
  EXPECT_TRUE(IsSet()) << "it came in time";
}

TEST_F(NetworkSideTest, AddressesGoWhenVrrpStaysAway) {
  Vrrp vrrp(loop_, side_);
  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  vrrp.Close();
  EXPECT_TRUE(RunUntil(loop_, [] { return !IsSet(); }));
}

TEST_F(NetworkSideTest, AddressesGoWhenVrrpNeverComes) {
  Shell("ip address add 10.9.0.253/16 dev eth0");
  NetworkSide next(
      loop_, log_, [] { return std::vector<std::pair<VrrpEndpoint, int>>(); }, start_time_);
  Run(next);
  EXPECT_TRUE(IsSet());
  EXPECT_TRUE(RunUntil(loop_, [] { return !IsSet(); }));
}

TEST_F(NetworkSideTest, DrainsInTwoWays) {
  Vrrp vrrp(loop_, side_);
  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  bool done = false;
  side_.Drain(std::chrono::seconds(20), [&](uint32_t) { done = true; });
  EXPECT_FALSE(done) << "aloha-vrrp has not given them up";
  vrrp.Ask(AddressRequest::RELEASE);
  EXPECT_TRUE(RunUntil(loop_, [&] { return done; }));
  EXPECT_FALSE(IsSet());

  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  done = false;
  side_.Drain(std::chrono::milliseconds(50), [&](uint32_t) { done = true; });
  EXPECT_TRUE(RunUntil(loop_, [&] { return done; }));
  EXPECT_FALSE(IsSet()) << "not given up in time";

  vrrp.Ask(AddressRequest::CLAIM);
  EXPECT_TRUE(vrrp.Answer().held());
  done = false;
  side_.Drain(std::chrono::milliseconds(0), [&](uint32_t) { done = true; });
  EXPECT_TRUE(done);
  vrrp.Close();
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(1'100));
  EXPECT_TRUE(IsSet()) << "another process has them now";
}

}  // namespace
}  // namespace aloha::system
