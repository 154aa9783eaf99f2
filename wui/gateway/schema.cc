#include "wui/gateway/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <functional>
#include <set>

#include "admin/v1/backup.pb.h"
#include "admin/v1/certificates.pb.h"
#include "admin/v1/events.pb.h"
#include "admin/v1/firmware.pb.h"
#include "admin/v1/licenses.pb.h"
#include "admin/v1/network.pb.h"
#include "admin/v1/users.pb.h"
#include "grpc/health/v1/health.pb.h"

namespace aloha::gateway {
namespace {

namespace v1 = grpc::reflection::v1alpha;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

// With what they import; naming them has them linked.
std::vector<const FileDescriptor*> Roots() {
  return {admin::v1::BackupInfo::descriptor()->file(),
          admin::v1::Certificate::descriptor()->file(),
          admin::v1::Live::descriptor()->file(),
          admin::v1::FirmwareState::descriptor()->file(),
          admin::v1::License::descriptor()->file(),
          admin::v1::NetworkState::descriptor()->file(),
          admin::v1::User::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file(),
          v1::ServerReflectionRequest::descriptor()->file()};
}

void AddWithImports(const FileDescriptor* file, std::set<const FileDescriptor*>& files) {
  if (!files.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) AddWithImports(file->dependency(i), files);
}

const std::set<const FileDescriptor*>& Files() {
  static const std::set<const FileDescriptor*> files = [] {
    std::set<const FileDescriptor*> all;
    for (const FileDescriptor* root : Roots()) AddWithImports(root, all);
    return all;
  }();
  return files;
}

// The file itself, then all that it imports: a reader need not ask again.
void Describe(const FileDescriptor* file, std::set<const FileDescriptor*>& told,
              v1::FileDescriptorResponse& response) {
  if (!told.insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) Describe(file->dependency(i), told, response);
}

void NotFound(const std::string& what, v1::ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
  response.mutable_error_response()->set_error_message(what + " is not known here");
}

void AnswerFile(const FileDescriptor* file, const std::string& what,
                v1::ServerReflectionResponse& response) {
  if (file == nullptr || !Files().contains(file)) return NotFound(what, response);
  std::set<const FileDescriptor*> told;
  Describe(file, told, *response.mutable_file_descriptor_response());
}

}  // namespace

const std::vector<std::string>& ServiceNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const FileDescriptor* file : Files()) {
      if (file->package() == "aloha.worker.v1") continue;  // messages alone are borrowed from there
      for (int i = 0; i < file->service_count(); ++i) all.push_back(file->service(i)->full_name());
    }
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

bool KnowsService(const std::string& name) {
  return name.empty() || std::binary_search(ServiceNames().begin(), ServiceNames().end(), name);
}

v1::ServerReflectionResponse Reflect(const v1::ServerReflectionRequest& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  v1::ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case v1::ServerReflectionRequest::kListServices:
      for (const std::string& name : ServiceNames())
        response.mutable_list_services_response()->add_service()->set_name(name);
      break;
    case v1::ServerReflectionRequest::kFileByFilename:
      AnswerFile(pool.FindFileByName(request.file_by_filename()), "this file", response);
      break;
    case v1::ServerReflectionRequest::kFileContainingSymbol:
      AnswerFile(pool.FindFileContainingSymbol(request.file_containing_symbol()), "this symbol",
                 response);
      break;
    case v1::ServerReflectionRequest::kFileContainingExtension:
      NotFound("an extension", response);
      break;
    case v1::ServerReflectionRequest::kAllExtensionNumbersOfType:
      if (pool.FindMessageTypeByName(request.all_extension_numbers_of_type()) != nullptr) {
        response.mutable_all_extension_numbers_response()->set_base_type_name(
            request.all_extension_numbers_of_type());
      } else {
        NotFound("this message", response);
      }
      break;
    case v1::ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message("nothing is asked");
      break;
  }
  return response;
}

}  // namespace aloha::gateway
