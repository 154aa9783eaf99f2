// Each test confines a child, which reports what it could do. Those of a process with privileges
// need root.
#include "workers/runtime/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"

namespace aloha {
namespace {

// What the child did that it should not, or failed to do; empty: nothing. `body` runs confined and
// answers the same.
std::string Confined(const Confinement& confinement,
                     const std::function<std::string(const ConfinementReport&)>& body) {
  SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  const pid_t child = fork();
  if (child == 0) {
    const auto report = Confine(confinement);
    const std::string complaint = report ? body(*report) : report.error().message;
    (void)SendPacket(pair.theirs.get(), "done: " + complaint);
    _exit(0);
  }
  pair.theirs.reset();
  pollfd wait{.fd = pair.ours.get(), .events = POLLIN, .revents = 0};
  poll(&wait, 1, 20'000);
  const auto packet = ReceivePacket(pair.ours.get());
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (!packet) return "died, status " + std::to_string(status);
  return packet->payload.substr(6);
}

// Collects complaints.
class Complaints {
 public:
  void Expect(bool holds, const std::string& what) {
    if (!holds) text_ += what + "; ";
  }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

bool Refused(long result) { return result < 0 && errno == EPERM; }

TEST(Confine, TriesWhatMustBeRefused) {
  EXPECT_EQ(Confined({},
                     [](const ConfinementReport& report) {
                       Complaints complaints;
                       complaints.Expect(report.probes.size() >= 5, "few probes");
                       for (const ConfinementProbe& probe : report.probes)
                         complaints.Expect(probe.refused, probe.act);
                       return complaints.text();
                     }),
            "");
}

TEST(Confine, RefusesFilesProgramsAndOtherProcesses) {
  EXPECT_EQ(Confined({},
                     [](const ConfinementReport&) {
                       Complaints complaints;
                       complaints.Expect(Refused(open("/etc/hostname", O_RDONLY)), "open");
                       complaints.Expect(
                           Refused(open("/tmp/aloha-confine", O_WRONLY | O_CREAT, 0600)), "create");
                       complaints.Expect(Refused(unlink("/tmp/aloha-confine")), "unlink");
                       complaints.Expect(Refused(mkdir("/tmp/aloha-confine", 0700)), "mkdir");
                       complaints.Expect(Refused(chdir("/")), "chdir");
                       complaints.Expect(Refused(execl("/bin/true", "true", nullptr)), "exec");
                       complaints.Expect(Refused(fork()), "fork");
                       complaints.Expect(Refused(kill(getppid(), 0)), "kill");
                       complaints.Expect(Refused(setuid(0)), "setuid");
                       complaints.Expect(Refused(memfd_create("x", 0)), "memfd_create");
                       return complaints.text();
                     }),
            "");
}

TEST(Confine, RefusesSocketsThatTheRoleDoesNotNeed) {
  EXPECT_EQ(
      Confined(
          {},
          [](const ConfinementReport&) {
            Complaints complaints;
            for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
              complaints.Expect(Refused(socket(family, SOCK_STREAM, 0)), std::to_string(family));
            }
            int pair[2];
            complaints.Expect(Refused(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), "socketpair");
            complaints.Expect(Refused(bind(0, nullptr, 0)), "bind");
            complaints.Expect(Refused(listen(0, 1)), "listen");
            complaints.Expect(Refused(connect(0, nullptr, 0)), "connect");
            return complaints.text();
          }),
      "");
}

TEST(Confine, AllowsTcpSocketsWhereTheRoleNeedsThem) {
  Confinement confinement;
  confinement.sockets = TcpSockets("for this test");
  confinement.calls = {{"listen", "for this test"}};
  EXPECT_EQ(Confined(confinement,
                     [](const ConfinementReport&) {
                       Complaints complaints;
                       const int stream =
                           socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                       complaints.Expect(stream >= 0, "IPv4");
                       complaints.Expect(listen(stream, 1) == 0, "listen");
                       complaints.Expect(socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) >= 0, "IPv6");
                       complaints.Expect(Refused(socket(AF_INET, SOCK_DGRAM, 0)), "datagrams");
                       complaints.Expect(Refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), "raw");
                       complaints.Expect(Refused(socket(AF_UNIX, SOCK_STREAM, 0)), "AF_UNIX");
                       return complaints.text();
                     }),
            "");
}

TEST(Confine, AllowsExactlyTheKindsOfSocketsThatTheRoleNeeds) {
  Confinement confinement;
  confinement.sockets = {{AF_NETLINK, SOCK_RAW, "for this test", NETLINK_ROUTE},
                         {AF_PACKET, SOCK_RAW, "for this test", 0},
                         {AF_INET, SOCK_RAW, "for this test", 112}};
  confinement.keep_capabilities = true;  // raw sockets want one
  const bool root = geteuid() == 0;
  EXPECT_EQ(Confined(confinement,
                     [root](const ConfinementReport&) {
                       Complaints complaints;
                       complaints.Expect(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0,
                                         "routes");
                       complaints.Expect(!root || socket(AF_PACKET, SOCK_RAW, 0) >= 0, "packets");
                       complaints.Expect(!root || socket(AF_INET, SOCK_RAW, 112) >= 0, "VRRP");
                       complaints.Expect(Refused(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)),
                                         "another netlink");
                       complaints.Expect(Refused(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE)),
                                         "another type");
                       complaints.Expect(Refused(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))),
                                         "all packets");
                       complaints.Expect(Refused(socket(AF_PACKET, SOCK_DGRAM, 0)), "cooked");
                       complaints.Expect(Refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), "ICMP");
                       complaints.Expect(Refused(socket(AF_INET6, SOCK_RAW, 112)), "IPv6");
                       complaints.Expect(Refused(socket(AF_INET, SOCK_STREAM, 0)), "TCP");
                       return complaints.text();
                     }),
            "");
}

TEST(Confine, NobodyMayHaveUnixSockets) {
  Confinement confinement;
  confinement.sockets = {{AF_UNIX, SOCK_STREAM, "for this test"}};
  EXPECT_EQ(Confined(confinement, [](const ConfinementReport&) { return std::string("confined"); }),
            "AF_UNIX sockets are for nobody");
}

TEST(Confine, WhatAWorkerLivesOnWorks) {
  EXPECT_EQ(Confined({},
                     [](const ConfinementReport&) {
                       Complaints complaints;
                       asio::io_context loop;
                       int ends[2];
                       complaints.Expect(pipe2(ends, O_CLOEXEC) == 0, "pipe");
                       asio::posix::stream_descriptor reader(loop, ends[0]);
                       bool readable = false;
                       reader.async_wait(
                           asio::posix::stream_descriptor::wait_read,
                           [&readable](const asio::error_code& error) { readable = !error; });
                       std::thread([&ends] { (void)!write(ends[1], "x", 1); }).join();
                       loop.run();
                       complaints.Expect(readable, "asio");
                       std::string memory(32 << 20, 'x');
                       complaints.Expect(memory.back() == 'x', "memory");
                       Log log({.program = "aloha-test"});
                       log.Flush();
                       return complaints.text();
                     }),
            "");
}

// A folder with a file "here", a link to /etc/hostname, and a place outside for what must not work.
class Folders {
 public:
  Folders() {
    std::filesystem::create_directory(path_ / "allowed");
    std::ofstream(path_ / "allowed" / "here") << "x";
    std::ofstream(path_ / "outside") << "x";
    std::filesystem::create_symlink("/etc/hostname", path_ / "allowed" / "link");
    allowed_ = open((path_ / "allowed").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    other_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  ~Folders() {
    close(allowed_);
    close(other_);
    std::filesystem::remove_all(path_);
  }

  int allowed() const { return allowed_; }
  int other() const { return other_; }
  // Without Landlock nothing keeps a path from leading out.
  std::string Check(const ConfinementReport& report, bool write) const {
    Complaints complaints;
    const bool landlock = report.landlock_abi > 0;
    complaints.Expect(openat(allowed_, "here", O_RDONLY) >= 0, "read");
    complaints.Expect(openat(allowed_, ".", O_RDONLY | O_DIRECTORY) >= 0, "list");
    complaints.Expect(Refused(openat(other_, "outside", O_RDONLY)), "another descriptor");
    complaints.Expect(Refused(open((path_ / "allowed" / "here").c_str(), O_RDONLY)), "its path");
    if (landlock) {
      complaints.Expect(openat(allowed_, "link", O_RDONLY) < 0, "a link that leads out");
      complaints.Expect(openat(allowed_, "../outside", O_RDONLY) < 0, "a path that leads out");
      complaints.Expect(openat(allowed_, "/etc/hostname", O_RDONLY) < 0, "a path from the root");
      if (!write)
        complaints.Expect(openat(allowed_, "new", O_WRONLY | O_CREAT, 0600) < 0, "make a file");
    }
    if (write) {
      complaints.Expect(openat(allowed_, "new", O_WRONLY | O_CREAT, 0600) >= 0, "make a file");
      complaints.Expect(renameat(allowed_, "new", allowed_, "here") == 0, "rename");
      complaints.Expect(unlinkat(allowed_, "here", 0) == 0, "remove");
    } else {
      complaints.Expect(Refused(renameat(allowed_, "here", allowed_, "there")), "rename");
      complaints.Expect(Refused(unlinkat(allowed_, "here", 0)), "remove");
    }
    complaints.Expect(Refused(unlinkat(other_, "outside", 0)), "remove outside");
    complaints.Expect(Refused(renameat(other_, "outside", allowed_, "x")), "rename from outside");
    return complaints.text();
  }

 private:
  std::filesystem::path path_ = [] {
    char path[] = "/tmp/aloha-confine-XXXXXX";
    EXPECT_NE(mkdtemp(path), nullptr);
    return std::filesystem::path(path);
  }();
  int allowed_ = -1, other_ = -1;
};

TEST(Confine, AllowsTheFoldersOfTheRoleAndNothingElse) {
  for (const bool write : {false, true}) {
    const Folders folders;
    Confinement confinement;
    confinement.folders = {{folders.allowed(), write}};
    EXPECT_EQ(
        Confined(confinement,
                 [&](const ConfinementReport& report) { return folders.Check(report, write); }),
        "")
        << write;
  }
}

TEST(Confine, CannotBeUndone) {
  EXPECT_EQ(Confined({},
                     [](const ConfinementReport&) {
                       Complaints complaints;
#ifndef ALOHA_SANITIZED
                       complaints.Expect(Refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)), "dumpable");
                       void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                       complaints.Expect(Refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)),
                                         "code");
#endif
                       const rlimit core{1'000, 1'000};
                       complaints.Expect(setrlimit(RLIMIT_CORE, &core) != 0, "core");
                       return complaints.text();
                     }),
            "");
}

TEST(Confine, ThreadsInheritIt) {
  EXPECT_EQ(Confined({},
                     [](const ConfinementReport&) {
                       Complaints complaints;
                       std::thread([&complaints] {
                         complaints.Expect(Refused(open("/etc/hostname", O_RDONLY)), "open");
                       }).join();
                       return complaints.text();
                     }),
            "");
}

std::string Capabilities() {
  cap_t now = cap_get_proc();
  char* text = cap_to_text(now, nullptr);
  std::string out = text;
  cap_free(text);
  cap_free(now);
  return out;
}

TEST(Confine, DropsCapabilitiesUnlessTheyAreKept) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: there must be capabilities to drop";
  const auto report = [](const ConfinementReport&) { return Capabilities(); };
  Confinement confinement;
  confinement.calls = {{"capget", "for this test"}};
  EXPECT_EQ(Confined(confinement, report), "=");
  confinement.keep_capabilities = true;
  const std::string all = Capabilities();
  EXPECT_EQ(Confined(confinement, report), all);
}

TEST(Confine, AnUnknownCallIsAnError) {
  Confinement confinement;
  confinement.calls = {{"no_such_call", "for this test"}};
  EXPECT_EQ(Confined(confinement, [](const ConfinementReport&) { return std::string("confined"); }),
            "seccomp: unknown call no_such_call");
}

}  // namespace
}  // namespace aloha
