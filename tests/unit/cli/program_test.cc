// Whole command lines: exit codes, where errors go, what tables and JSON show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(Usage, WrongCommandLinesExitWithTwo) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"bogus"},
      {"service"},
      {"service", "bogus"},
      {"service", "stop"},
      {"service", "stop", "haproxy", "more"},
      {"-o", "yaml", "status"},
      {"--timeout", "0", "status"},
      {"--endpoint", "nowhere", "status"},
      {"--endpoint", "host:port", "status"},
      {"--endpoint", "unix:", "status"},
      {"--endpoint", "unix:/" + std::string(200, 'x'), "status"},
      {"--endpoint", "host:4443", "status"},
      {"--endpoint", "host:4443", "--ca", "x", "--cert", "y", "status"},
      {"session", "close"},
      {"session", "close", "5", "--all"},
      {"persistence", "clear"},
      {"persistence", "clear", "--all", "--table", "rpc"},
      {"config", "apply", "x", "--confirm", "4000"},
      {"config", "show", "--saved", "--version", "3"},
      {"config", "diff", "running", "saved"},
      {"completion", "fish"},
  };
  for (const auto& line : lines) {
    Outcome outcome = RunLine(line);
    EXPECT_EQ(outcome.code, kUsage) << testing::PrintToString(line) << outcome.err;
    EXPECT_THAT(outcome.err, Not(IsEmpty())) << testing::PrintToString(line);
    EXPECT_THAT(outcome.out, IsEmpty()) << testing::PrintToString(line);
  }
  EXPECT_THAT(RunLine({"bogus"}).err, HasSubstr("\"bogus\""));
  EXPECT_THAT(RunLine({"--endpoint", "host:4443", "status"}).err, HasSubstr("needs --ca"));
}

TEST(Usage, HelpAndVersionExitWithZero) {
  for (const std::string noun :
       {"status", "service", "config", "virtual-service", "server", "stats", "session",
        "persistence", "worker", "event", "log", "system", "completion", "certificate", "ca"}) {
    Outcome outcome = RunLine({noun, "--help"});
    EXPECT_EQ(outcome.code, kDone) << noun;
    EXPECT_THAT(outcome.out, HasSubstr("Example:")) << noun;
  }
  EXPECT_THAT(RunLine({"--version"}).out, StartsWith("alohactl "));
}

TEST(Unreachable, MissingSocketSaysSoAtOnce) {
  Outcome outcome = RunLine({"--endpoint", "unix:/nowhere/supervisor.sock", "status"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_EQ(outcome.err,
            "alohactl: cannot reach the supervisor at unix:/nowhere/supervisor.sock: "
            "No such file or directory (is aloha-supervisor running?)\n");
}

// A local socket that listens and never answers.
class SilentSocket {
 public:
  SilentSocket() {
    std::string pattern = "/tmp/alohactl-silent-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~SilentSocket() {
    close(fd_);
    unlink(path().c_str());
    rmdir(folder_.c_str());
  }
  void Listen() { EXPECT_EQ(listen(fd_, 8), 0); }
  std::string path() const { return folder_ + "/s"; }

 private:
  std::string folder_;
  int fd_ = -1;
};

TEST(Unreachable, DeadSocket) {
  SilentSocket dead;
  Outcome outcome = RunLine({"--endpoint", "unix:" + dead.path(), "service", "list"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_THAT(outcome.err, HasSubstr("Connection refused (is aloha-supervisor running?)"));
}

TEST(Unreachable, SocketThatNeverAnswersGivesUpSoon) {
  SilentSocket silent;
  silent.Listen();
  const auto start = std::chrono::steady_clock::now();
  Outcome outcome = RunLine({"--endpoint", "unix:" + silent.path(), "service", "list"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_THAT(outcome.err, HasSubstr("does not answer"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Refusals, AnAnswerIsNeverUnreachable) {
  admin::ErrorDetail detail;
  detail.set_reason("UNAVAILABLE");
  EXPECT_EQ(ExitCodeOf(Refusal(grpc::StatusCode::UNAVAILABLE, "proxy is down", detail)), kRefused);
  EXPECT_EQ(ExitCodeOf(grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone")), kUnreachable);
  EXPECT_EQ(ExitCodeOf(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no")), kRefused);
  EXPECT_EQ(ExitCodeOf(grpc::Status::OK), kDone);
}

TEST(Refusals, ReasonAndRemedyGoToStandardError) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"service", "stop", "system"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.err,
            "alohactl: system cannot be stopped\n  Stop the unit aloha.service instead.\n");
}

TEST(Refusals, CallThatTheSupervisorDoesNotKnow) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"system", "info"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("older version"));
}

TEST(Service, StopPassesNowAndPrintsTheEvent) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"service", "stop", "haproxy", "--now"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "haproxy: stopped\n");
  EXPECT_TRUE(supervisor.services.stopped.now());
}

TEST(Service, GlobalOptionsMayStandBehindTheVerb) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"service", "stop", "haproxy", "-o", "json"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"text\": \"stopped\""));
}

class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    admin::VirtualService& imap = *supervisor_.virtual_services.list.add_virtual_services();
    imap.set_name("imap");
    imap.set_serving(true);
    for (const char* name : {"CAS1", "CAS2"}) {
      admin::Server& server = *imap.add_servers();
      server.set_name(name);
      server.set_address("10.0.0.15");
      server.set_port(143);
      server.set_check_state(admin::Server::UP);
      server.set_admin_state(admin::Server::READY);
    }
  }
  admin::VirtualService& imap() {
    return *supervisor_.virtual_services.list.mutable_virtual_services(0);
  }
  FakeSupervisor supervisor_;
};

TEST_F(StatusTest, AllUpIsZero) {
  Outcome outcome = supervisor_.Run({"status"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out,
            "VIRTUAL SERVICE  SERVER  ADDRESS        CHECK  ADMIN  SESSIONS  SINCE  REASON\n"
            "imap             CAS1    10.0.0.15:143  UP     READY         0      -  -\n"
            "imap             CAS2    10.0.0.15:143  UP     READY         0      -  -\n");
}

TEST_F(StatusTest, AServerDownIsOne) {
  imap().mutable_servers(0)->set_check_state(admin::Server::DOWN);
  Outcome outcome = supervisor_.Run({"status"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "imap: 1 of 2 servers down\n");
}

TEST_F(StatusTest, AServerInMaintenanceIsNotDown) {
  imap().mutable_servers(0)->set_check_state(admin::Server::DOWN);
  imap().mutable_servers(0)->set_admin_state(admin::Server::MAINTENANCE);
  EXPECT_EQ(supervisor_.Run({"status"}).code, kDone);
}

TEST_F(StatusTest, AServiceThatDoesNotServeIsOne) {
  imap().set_serving(false);
  EXPECT_EQ(supervisor_.Run({"status"}).code, kRefused);
}

TEST_F(StatusTest, AServiceNokIsOneInJsonAsWell) {
  admin::Service& service = *supervisor_.services.services.add_services();
  service.set_name("haproxy");
  service.set_state(admin::Service::NOK);
  service.set_reason("stopped");
  Outcome outcome = supervisor_.Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.out, HasSubstr("\"virtualServices\""));
  EXPECT_EQ(outcome.err, "service haproxy is NOK: stopped\n");
}

TEST(Server, DrainWaitsUntilNoSessionIsLeft) {
  FakeSupervisor supervisor;
  supervisor.servers.server.set_name("CAS1");
  supervisor.servers.server.set_virtual_service("imap");
  supervisor.servers.server.set_sessions(2);
  Outcome outcome = supervisor.Run({"server", "drain", "CAS1", "--wait"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "imap/CAS1 is DRAIN\n");
  EXPECT_EQ(supervisor.servers.server.sessions(), 0);
  EXPECT_EQ(supervisor.servers.changed.admin_state(), admin::Server::DRAIN);
}

TEST(Server, TimeoutBoundsTheWait) {
  FakeSupervisor supervisor;
  supervisor.servers.server.set_sessions(1000000);
  Outcome outcome = supervisor.Run({"server", "drain", "CAS1", "--wait", "--timeout", "0.1"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("sessions left after 0.1 s"));
}

TEST(Stats, WatchCountsRatesBetweenSnapshots) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"stats", "show", "--watch"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("imap +all +- +- +0 +0 +100 +- +"));
  EXPECT_THAT(outcome.out, ContainsRegex("imap +all +- +- +0 +0 +200 +50.0/s +"));
  EXPECT_THAT(outcome.out, ContainsRegex(" 2.0 MiB +1.0 MiB/s "));
}

TEST(Session, ListJoinsPages) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"session", "list", "-o", "textproto"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "sessions {\n  id: 1\n}\nsessions {\n  id: 2\n}\n");
}

TEST(Session, ClosingOneThatIsGoneIsRefused) {
  FakeSupervisor supervisor;
  EXPECT_EQ(supervisor.Run({"session", "close", "7"}).code, kRefused);
  EXPECT_EQ(supervisor.Run({"session", "close", "--client", "192.0.2.7"}).code, kDone);
}

TEST(Worker, VerifyNamesEveryDifference) {
  FakeSupervisor supervisor;
  admin::Worker& worker = *supervisor.workers.list.add_workers();
  worker.set_name("proxy");
  worker.set_pid(12);
  worker.set_confined(true);
  admin::Confinement& item = *worker.add_confinement();
  item.set_measure("seccomp");
  item.set_declared("2");
  item.set_observed("2");
  item.set_as_declared(true);
  EXPECT_EQ(supervisor.Run({"worker", "list", "--verify"}).code, kDone);

  supervisor.workers.list.mutable_workers(0)->set_confined(false);
  supervisor.workers.list.mutable_workers(0)->mutable_confinement(0)->set_observed("0");
  supervisor.workers.list.mutable_workers(0)->mutable_confinement(0)->set_as_declared(false);
  EXPECT_EQ(supervisor.Run({"worker", "list"}).code, kDone);
  Outcome outcome = supervisor.Run({"worker", "list", "--verify"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "alohactl: proxy: seccomp is declared as 2, observed 0\n");
}

// The texts of log lines, without time and origin.
std::string Texts(const std::string& out) {
  std::string texts;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);)
    texts += line.substr(line.find("info: ") + 6) + " ";
  return texts;
}

TEST(Log, TailOrdersLinesAndDisarmsThem) {
  FakeSupervisor supervisor;
  Outcome outcome = supervisor.Run({"log", "tail"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(Texts(outcome.out), "one two three?[31m ");
  EXPECT_EQ(Texts(supervisor.Run({"log", "tail", "--lines", "2"}).out), "two three?[31m ");
}

TEST(Log, FollowingPrintsNoLineTwice) {
  FakeSupervisor supervisor;
  EXPECT_EQ(Texts(supervisor.Run({"log", "tail", "-f", "--lines", "1"}).out), "three?[31m four ");
}

TEST(Log, StreamsOfJsonTakeOneLineAMessage) {
  FakeSupervisor supervisor;
  EXPECT_THAT(supervisor.Run({"log", "list", "-o", "json"}).out,
              HasSubstr("\"text\":\"one\",\"dropped\":\"0\"}\n{"));
}

}  // namespace
}  // namespace aloha::cli
