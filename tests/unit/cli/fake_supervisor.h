// A supervisor for tests: serves the management API on a socket of its own and answers what it is
// told to.
#ifndef ALOHA_TESTS_UNIT_CLI_FAKE_SUPERVISOR_H_
#define ALOHA_TESTS_UNIT_CLI_FAKE_SUPERVISOR_H_

#include <grpcpp/grpcpp.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "admin/v1/admin.grpc.pb.h"
#include "admin/v1/configuration.grpc.pb.h"
#include "admin/v1/high_availability.grpc.pb.h"
#include "admin/v1/traffic.grpc.pb.h"
#include "cli/program.h"
#include "tests/unit/cli/fake_certificates.h"
#include "tests/unit/cli/fake_synchronization.h"

namespace aloha::cli {

// A refusal as the supervisor sends it.
inline grpc::Status Refusal(grpc::StatusCode code, const std::string& message,
                            const admin::ErrorDetail& detail) {
  return {code, message, detail.SerializeAsString()};
}

struct FakeServices : admin::Services::Service {
  grpc::Status ListServices(grpc::ServerContext*, const admin::ListServicesRequest*,
                            admin::ListServicesResponse* response) override {
    *response = services;
    return grpc::Status::OK;
  }
  grpc::Status StopService(grpc::ServerContext*, const admin::StopServiceRequest* request,
                           admin::ChangeResponse* response) override {
    stopped = *request;
    if (request->name() == "system") {
      admin::ErrorDetail detail;
      detail.set_reason("REFUSED");
      detail.set_remedy("Stop the unit aloha.service instead.");
      return Refusal(grpc::StatusCode::FAILED_PRECONDITION, "system cannot be stopped", detail);
    }
    response->mutable_event()->set_text("stopped");
    response->mutable_event()->set_object("haproxy");
    return grpc::Status::OK;
  }
  admin::ListServicesResponse services;
  admin::StopServiceRequest stopped;
};

struct FakeConfiguration : admin::Configuration::Service {
  grpc::Status GetConfig(grpc::ServerContext*, const admin::GetConfigRequest*,
                         admin::GetConfigResponse* response) override {
    *response = running;
    return grpc::Status::OK;
  }
  grpc::Status ValidateConfig(grpc::ServerContext*, const admin::ValidateConfigRequest* request,
                              admin::ValidateConfigResponse* response) override {
    *response->mutable_findings() = findings;
    response->set_valid(findings.empty());
    validated = request->source();
    return grpc::Status::OK;
  }
  // Refuses as long as there are findings, and once for each of `refusals`.
  grpc::Status ApplyConfig(grpc::ServerContext*, const admin::ApplyConfigRequest* request,
                           admin::ApplyConfigResponse* response) override {
    applied.push_back(*request);
    if (request->expected_version() != 0 && request->expected_version() != running.version()) {
      return {grpc::StatusCode::ABORTED, "version 8 runs, not 7",
              "\n\x08"
              "CONFLICT"};
    }
    if (refusals > 0) {
      --refusals;
      admin::ErrorDetail detail;
      detail.set_reason("INVALID_CONFIG");
      *detail.mutable_violations() = findings;
      return Refusal(grpc::StatusCode::INVALID_ARGUMENT, "the configuration is not valid", detail);
    }
    response->set_version(running.version() + 1);
    *response->mutable_findings() = warnings;
    response->set_confirm_within_s(request->confirm_within_s());
    return grpc::Status::OK;
  }
  grpc::Status ResetConfig(grpc::ServerContext*, const admin::ResetConfigRequest*,
                           admin::ApplyConfigResponse*) override {
    ++resets;
    return grpc::Status::OK;
  }
  admin::GetConfigResponse running;
  google::protobuf::RepeatedPtrField<admin::FieldViolation> findings;
  google::protobuf::RepeatedPtrField<admin::FieldViolation> warnings;
  admin::ConfigSource validated;
  std::vector<admin::ApplyConfigRequest> applied;
  int refusals = 0;
  int resets = 0;
};

struct FakeVirtualServices : admin::VirtualServices::Service {
  grpc::Status ListVirtualServices(grpc::ServerContext*, const admin::ListVirtualServicesRequest*,
                                   admin::ListVirtualServicesResponse* response) override {
    *response = list;
    return grpc::Status::OK;
  }
  admin::ListVirtualServicesResponse list;
};

struct FakeServers : admin::Servers::Service {
  // Each call sees one session less.
  grpc::Status ListServers(grpc::ServerContext*, const admin::ListServersRequest*,
                           admin::ListServersResponse* response) override {
    *response->add_servers() = server;
    if (server.sessions() > 0) server.set_sessions(server.sessions() - 1);
    return grpc::Status::OK;
  }
  grpc::Status SetServerState(grpc::ServerContext*, const admin::SetServerStateRequest* request,
                              admin::SetServerStateResponse* response) override {
    changed = *request;
    *response->add_servers() = server;
    return grpc::Status::OK;
  }
  admin::Server server;
  admin::SetServerStateRequest changed;
};

// Two pages of one session each.
struct FakeSessions : admin::Sessions::Service {
  grpc::Status ListSessions(grpc::ServerContext*, const admin::ListSessionsRequest* request,
                            admin::ListSessionsResponse* response) override {
    response->add_sessions()->set_id(request->page_token().empty() ? 1 : 2);
    if (request->page_token().empty()) response->set_next_page_token("more");
    return grpc::Status::OK;
  }
  // Nothing matches.
  grpc::Status CloseSession(grpc::ServerContext*, const admin::CloseSessionRequest*,
                            admin::CloseSessionResponse*) override {
    return grpc::Status::OK;
  }
};

struct FakeWorkers : admin::Workers::Service {
  grpc::Status ListWorkers(grpc::ServerContext*, const admin::ListWorkersRequest*,
                           admin::ListWorkersResponse* response) override {
    *response = list;
    return grpc::Status::OK;
  }
  admin::ListWorkersResponse list;
};

// Two processes' lines, not in order; a new one for those who follow.
struct FakeLogs : admin::Logs::Service {
  grpc::Status WatchLog(grpc::ServerContext*, const admin::WatchLogRequest* request,
                        grpc::ServerWriter<admin::LogLine>* writer) override {
    Write(*writer, "proxy", 1'000'000, "one");
    Write(*writer, "proxy", 3'000'000, "three\033[31m");
    Write(*writer, "health", 2'000'000, "two");
    if (request->follow()) Write(*writer, "health", 4'000'000, "four");
    return grpc::Status::OK;
  }
  static void Write(grpc::ServerWriter<admin::LogLine>& writer, const std::string& worker,
                    int64_t time_us, const std::string& text) {
    admin::LogLine line;
    line.set_worker(worker);
    line.set_level("info");
    line.set_time_us(time_us);
    line.set_text(text);
    writer.Write(line);
  }
};

// Two snapshots, two seconds apart.
struct FakeStats : admin::Stats::Service {
  grpc::Status WatchStats(grpc::ServerContext*, const admin::WatchStatsRequest*,
                          grpc::ServerWriter<admin::StatsSnapshot>* writer) override {
    for (int i = 1; i <= 2; ++i) {
      admin::StatsSnapshot snapshot;
      snapshot.set_time_us(i * 2'000'000);
      admin::VirtualServiceStats& imap = *snapshot.add_virtual_services();
      imap.set_name("imap");
      imap.mutable_traffic()->set_sessions_total(i * 100);
      imap.mutable_traffic()->set_bytes_from_clients((i - 1) * (2 << 20));
      writer->Write(snapshot);
    }
    return grpc::Status::OK;
  }
};

struct FakeHighAvailability : admin::HighAvailability::Service {
  grpc::Status GetVrrp(grpc::ServerContext*, const admin::GetVrrpRequest*,
                       admin::Vrrp* response) override {
    if (vrrp.routers().empty()) {
      return Refusal(grpc::StatusCode::FAILED_PRECONDITION, "high availability is disabled", {});
    }
    *response = vrrp;
    return grpc::Status::OK;
  }
  // The same twice.
  grpc::Status WatchVrrp(grpc::ServerContext*, const admin::WatchVrrpRequest*,
                         grpc::ServerWriter<admin::Vrrp>* writer) override {
    writer->Write(vrrp);
    writer->Write(vrrp);
    return grpc::Status::OK;
  }
  grpc::Status ReleaseMastership(grpc::ServerContext*,
                                 const admin::ReleaseMastershipRequest* request,
                                 admin::ChangeResponse* response) override {
    released = *request;
    response->mutable_event()->set_text(request->cancel() ? "may have them again" : "released");
    return grpc::Status::OK;
  }
  grpc::Status CreatePairingCode(grpc::ServerContext*, const admin::CreatePairingCodeRequest*,
                                 admin::PairingCode* response) override {
    *response = code;
    return grpc::Status::OK;
  }
  grpc::Status PairNode(grpc::ServerContext*, const admin::PairNodeRequest* request,
                        admin::PairNodeResponse* response) override {
    paired = *request;
    response->mutable_event()->set_object("lb1");
    response->mutable_event()->set_text("paired");
    return grpc::Status::OK;
  }
  grpc::Status GetNodes(grpc::ServerContext*, const admin::GetNodesRequest*,
                        admin::Nodes* response) override {
    *response = nodes;
    return grpc::Status::OK;
  }
  grpc::Status RemoveNode(grpc::ServerContext*, const admin::RemoveNodeRequest*,
                          admin::ChangeResponse* response) override {
    removed = true;
    response->mutable_event()->set_text("ended");
    return grpc::Status::OK;
  }
  admin::Vrrp vrrp;
  admin::ReleaseMastershipRequest released;
  admin::PairingCode code;
  admin::PairNodeRequest paired;
  admin::Nodes nodes;
  bool removed = false;
};

// What a command line did.
struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

// Runs one command line.
inline Outcome RunLine(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunProgram(std::move(arguments), out, err, false);
  return {code, out.str(), err.str()};
}

// Owns a folder, the socket in it, and the server.
class FakeSupervisor {
 public:
  FakeSupervisor() {
    std::string pattern = "/tmp/alohactl-test-XXXXXX";
    folder = mkdtemp(pattern.data());
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket(), grpc::InsecureServerCredentials());
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &services, &configuration, &virtual_services, &servers, &sessions, &workers, &logs,
             &stats, &certificates, &trust_anchors, &high_availability, &synchronization}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
  }
  ~FakeSupervisor() {
    server_->Shutdown();
    server_.reset();
    unlink(socket().c_str());
    rmdir(folder.c_str());
  }

  std::string socket() const { return folder + "/supervisor.sock"; }

  // Runs alohactl against this supervisor.
  Outcome Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--endpoint", "unix:" + socket()});
    return RunLine(std::move(arguments));
  }

  std::string folder;
  FakeServices services;
  FakeConfiguration configuration;
  FakeVirtualServices virtual_services;
  FakeServers servers;
  FakeSessions sessions;
  FakeWorkers workers;
  FakeLogs logs;
  FakeStats stats;
  FakeCertificates certificates;
  FakeTrustAnchors trust_anchors;
  FakeHighAvailability high_availability;
  FakeSynchronization synchronization;

 private:
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace aloha::cli

#endif  // ALOHA_TESTS_UNIT_CLI_FAKE_SUPERVISOR_H_
