// The other node of a supervisor for tests.
#ifndef ALOHA_TESTS_UNIT_CLI_FAKE_SYNCHRONIZATION_H_
#define ALOHA_TESTS_UNIT_CLI_FAKE_SYNCHRONIZATION_H_

#include <grpcpp/grpcpp.h>

#include "admin/v1/synchronization.grpc.pb.h"
#include "cli/client.h"

namespace aloha::cli {

struct FakeSynchronization : admin::Synchronization::Service {
  grpc::Status GetSynchronization(grpc::ServerContext*,
                                  const admin::GetSynchronizationRequest* request,
                                  admin::SyncState* response) override {
    *response = state;
    if (request->with_diff()) response->set_diff("-imap {\n+pop3 {\n");
    return grpc::Status::OK;
  }
  grpc::Status StartSynchronization(grpc::ServerContext*, const admin::StartSynchronizationRequest*,
                                    admin::ChangeResponse* response) override {
    response->mutable_event()->set_text("took over what this node has");
    return grpc::Status::OK;
  }
  admin::SyncState state;
};

}  // namespace aloha::cli

#endif  // ALOHA_TESTS_UNIT_CLI_FAKE_SYNCHRONIZATION_H_
