#include "workers/system/binder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/unit/system/fixture.h"

namespace aloha::system {
namespace {

using testing::HasSubstr;

Result<UniqueFd> Bind(const Endpoint& endpoint, std::span<const int> siblings = {}) {
  return BindListener(endpoint, siblings, 1024);
}

TEST(Binder, ListensOnIpv4AndIpv6) {
  for (const char* address : {"127.0.0.1", "::1", "0.0.0.0", "::"}) {
    const Endpoint endpoint{address, FreePort()};
    const auto listener = Bind(endpoint);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(Describe(listener->get()), ToString(endpoint) + " listening");
    EXPECT_TRUE(Connects(
        {endpoint.address.find(':') == std::string::npos ? "127.0.0.1" : "::1", endpoint.port}));
    EXPECT_TRUE(fcntl(listener->get(), F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(listener->get(), F_GETFL) & O_NONBLOCK);
  }
}

TEST(Binder, AnyIpv4AndAnyIpv6ShareAPort) {
  const uint32_t port = FreePort();
  const auto v6 = Bind({"::", port});
  const auto v4 = Bind({"0.0.0.0", port});
  ASSERT_TRUE(v6);
  EXPECT_TRUE(v4) << v4.error().message;
}

TEST(Binder, ListensOnAddressesThatAreNotHereYet) {
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    const auto listener = Bind({address, FreePort()});
    EXPECT_TRUE(listener) << listener.error().message;
  }
}

TEST(Binder, NamesAnAddressInUse) {
  const Endpoint endpoint{"127.0.0.1", FreePort()};
  const auto first = Bind(endpoint);
  ASSERT_TRUE(first);
  const auto second = Bind(endpoint);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_THAT(second.error().message, HasSubstr("bind " + ToString(endpoint) +
                                                ": address already in use: another "
                                                "program listens on " +
                                                ToString(endpoint)));
  EXPECT_FALSE(Bind({"0.0.0.0", endpoint.port}));
}

TEST(Binder, OwnSocketsThatOverlapDoNotStandInTheWay) {
  for (const auto& [held, wanted] :
       {std::pair("0.0.0.0", "127.0.0.1"), std::pair("127.0.0.1", "0.0.0.0"),
        std::pair("::", "::1"), std::pair("::1", "::")}) {
    const uint32_t port = FreePort();
    const auto first = Bind({held, port});
    ASSERT_TRUE(first);
    const int siblings[] = {first->get()};
    const auto second = Bind({wanted, port}, siblings);
    EXPECT_TRUE(second) << second.error().message;
    // Nothing stays shared.
    int shared = -1;
    socklen_t length = sizeof(shared);
    getsockopt(first->get(), SOL_SOCKET, SO_REUSEPORT, &shared, &length);
    EXPECT_EQ(shared, 0);
    EXPECT_FALSE(Bind({wanted, port}));
  }
}

TEST(Binder, AnotherProgramsSocketStandsInTheWayOfSiblingsToo) {
  const uint32_t port = FreePort();
  const auto ours = Bind({"127.0.0.2", port});
  const auto others = Bind({"127.0.0.1", port});
  ASSERT_TRUE(ours && others);
  const int siblings[] = {ours->get()};
  EXPECT_FALSE(Bind({"0.0.0.0", port}, siblings));
}

TEST(Binder, LowPortsNeedACapability) {
  SKIP_UNLESS_ROOT();
  const OwnNetwork network;
  EXPECT_TRUE(Bind({"127.0.0.1", 25}));
  AsUser(kNobody, [] {
    const auto refused = Bind({"0.0.0.0", 25});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
    EXPECT_THAT(refused.error().message,
                HasSubstr("bind 0.0.0.0:25: permission denied: ports below 1024 need "
                          "CAP_NET_BIND_SERVICE, which this "
                          "process lacks"));
  });
}

TEST(Binder, RefusesWhatIsNoAddressOrPort) {
  for (const Endpoint& endpoint :
       {Endpoint{"localhost", 143}, Endpoint{"", 143}, Endpoint{"1.2.3", 143},
        Endpoint{"::1%lo", 143}, Endpoint{"127.0.0.1", 0}, Endpoint{"127.0.0.1", 65536}}) {
    const auto listener = Bind(endpoint);
    ASSERT_FALSE(listener) << ToString(endpoint);
    EXPECT_EQ(listener.error().code, Code::kInvalidArgument);
    EXPECT_THAT(listener.error().message, HasSubstr(ToString(endpoint)));
  }
}

}  // namespace
}  // namespace aloha::system
