// A remote supervisor: mutual TLS, and nothing without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;

std::string Read(const std::string& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// A server on 127.0.0.1 that asks clients for the same self-signed certificate that it shows.
class RemoteTest : public testing::Test {
 protected:
  RemoteTest() {
    std::string pattern = "/tmp/alohactl-remote-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    MakeCertificate("lb");
    MakeCertificate("other");
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = Read(cert("lb"));
    tls.pem_key_cert_pairs.push_back({Read(key("lb")), Read(cert("lb"))});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(&services_);
    server_ = builder.BuildAndStart();
  }
  ~RemoteTest() override {
    server_->Shutdown();
    for (const std::string& path : {key("lb"), cert("lb"), key("other"), cert("other")})
      unlink(path.c_str());
    rmdir(folder_.c_str());
  }

  std::string key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  std::string cert(const std::string& name) const { return folder_ + "/" + name + ".pem"; }

  Outcome Run(std::vector<std::string> options) {
    options.insert(options.begin(), {"--endpoint", "127.0.0.1:" + std::to_string(port_)});
    options.insert(options.end(), {"service", "stop", "haproxy"});
    return RunLine(options);
  }

 private:
  // Self-signed, for 127.0.0.1.
  void MakeCertificate(const std::string& name) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
        name + " -addext subjectAltName=IP:127.0.0.1 -keyout " + key(name) + " -out " + cert(name) +
        " 2>/dev/null";
    EXPECT_EQ(system(command.c_str()), 0);
  }

  std::string folder_;
  int port_ = 0;
  FakeServices services_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(RemoteTest, MutualTls) {
  Outcome outcome = Run({"--ca", cert("lb"), "--cert", cert("lb"), "--key", key("lb")});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "haproxy: stopped\n");
}

TEST_F(RemoteTest, WithoutACertificateNothingIsReached) {
  Outcome outcome = Run({"--ca", cert("lb")});
  EXPECT_EQ(outcome.code, kUnreachable) << outcome.out;
}

TEST_F(RemoteTest, AServerThatTheCaDoesNotVouchForIsNotTrusted) {
  Outcome outcome = Run({"--ca", cert("other"), "--timeout", "2"});
  EXPECT_EQ(outcome.code, kUnreachable) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("does not vouch for who signed its certificate"));
}

TEST_F(RemoteTest, UnreadableCertificateIsNamed) {
  Outcome outcome = Run({"--ca", "/nowhere.pem"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "alohactl: /nowhere.pem: No such file or directory\n");
}

}  // namespace
}  // namespace aloha::cli
