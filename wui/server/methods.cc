#include "wui/server/methods.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "admin/v1/admin.pb.h"
#include "admin/v1/backup.pb.h"
#include "admin/v1/certificates.pb.h"
#include "admin/v1/configuration.pb.h"
#include "admin/v1/events.pb.h"
#include "admin/v1/firmware.pb.h"
#include "admin/v1/high_availability.pb.h"
#include "admin/v1/licenses.pb.h"
#include "admin/v1/network.pb.h"
#include "admin/v1/nodes.pb.h"
#include "admin/v1/synchronization.pb.h"
#include "admin/v1/traffic.pb.h"
#include "admin/v1/users.pb.h"
#include "workers/runtime/log.h"

namespace aloha::wui {
namespace {

namespace pb = google::protobuf;
namespace v1 = admin::v1;

constexpr size_t kMaxReason = 500;

std::unique_ptr<pb::Message> Make(const pb::Descriptor& message) {
  const pb::Message* prototype = pb::MessageFactory::generated_factory()->GetPrototype(&message);
  return std::unique_ptr<pb::Message>(prototype->New());
}

}  // namespace

Methods::Methods() {
  // One message of each file that has services, so that the linker takes all of them.
  for (const pb::Descriptor* message :
       {v1::ErrorDetail::descriptor(), v1::Certificate::descriptor(), v1::BackupInfo::descriptor(),
        v1::GetConfigRequest::descriptor(), v1::Live::descriptor(), v1::License::descriptor(),
        v1::FirmwareState::descriptor(), v1::Vrrp::descriptor(), v1::NetworkState::descriptor(),
        v1::Nodes::descriptor(), v1::SyncState::descriptor(), v1::StatsSnapshot::descriptor(),
        v1::User::descriptor()}) {
    const pb::FileDescriptor& file = *message->file();
    for (int i = 0; i < file.service_count(); ++i) {
      const pb::ServiceDescriptor& service = *file.service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        const pb::MethodDescriptor* method = service.method(j);
        if (method->client_streaming()) continue;
        methods_[fmt::format("/{}/{}", std::string(service.full_name()),
                             std::string(method->name()))] = method;
      }
    }
  }
}

const pb::MethodDescriptor* Methods::Find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : found->second;
}

Result<std::string> FromJson(const pb::Descriptor& message, std::string_view json) {
  const auto made = Make(message);
  if (!json.empty()) {
    const auto parsed = pb::util::JsonStringToMessage({json.data(), json.size()}, made.get(), {});
    if (!parsed.ok()) {
      const std::string reason(parsed.message());
      return Fail(Code::kInvalidArgument,
                  EscapeForLog(std::string_view(reason).substr(0, kMaxReason)));
    }
  }
  return made->SerializeAsString();
}

Result<std::string> ToJson(const pb::Descriptor& message, const std::string& bytes) {
  const auto made = Make(message);
  std::string json;
  if (!made->ParseFromString(bytes) || !pb::util::MessageToJsonString(*made, &json).ok())
    return Fail(Code::kInternal, "the supervisor's answer is no message of its kind");
  return json;
}

}  // namespace aloha::wui
