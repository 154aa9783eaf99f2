#include "supervisor/config/references.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "supervisor/config/exchange.h"
#include "supervisor/config/path.h"

namespace aloha::supervisor {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool Holds(const Message& message, const FieldDescriptor* field, const std::string& value) {
  const Reflection& reflection = *message.GetReflection();
  if (!field->is_repeated()) return reflection.GetString(message, field) == value;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    if (reflection.GetRepeatedString(message, field, i) == value) return true;
  }
  return false;
}

// Adds the paths of the text fields named `field_name` that hold `value`.
void Collect(const std::string& path, const Message& message, const std::string& field_name,
             const std::string& value, std::vector<std::string>& paths) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      if (field->name() == field_name && Holds(message, field, value)) {
        paths.push_back(JoinPath(path, field->name()));
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Collect(JoinPath(path, IndexPath(field->name(), i)),
                reflection.GetRepeatedMessage(message, field, i), field_name, value, paths);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Collect(JoinPath(path, field->name()), reflection.GetMessage(message, field), field_name,
              value, paths);
    }
  }
}

template <typename Listener>
ManagementCertificate CertificateOf(const Listener& listener, const char* stand_in) {
  const bool named = listener.has_certificate();
  return {listener.enabled(), !named, named ? listener.certificate() : stand_in};
}

}  // namespace

std::vector<std::string> UsesOfCertificate(const config::v1::Config& config,
                                           const std::string& name) {
  std::vector<std::string> paths;
  Collect("", config, "certificate", name, paths);
  for (const auto& [own, path] :
       {std::pair(WebCertificateOf(config), "management.web.certificate"),
        std::pair(RemoteCertificateOf(config), "management.grpc.certificate")}) {
    if (own.used && own.stands_in && own.name == name) paths.emplace_back(path);
  }
  if (name != kSelfSigned) return paths;
  for (const Area area : kAreas) {
    if (UsesSelfSigned(config, area))
      paths.push_back(fmt::format("{}.certificate", AreaName(area)));
  }
  return paths;
}

std::vector<std::string> UsesOfTrustAnchor(const config::v1::Config& config,
                                           const std::string& name) {
  std::vector<std::string> paths;
  Collect("", config, "ca", name, paths);
  return paths;
}

ManagementCertificate WebCertificateOf(const config::v1::Config& config) {
  return CertificateOf(config.management().web(), kWebStandIn);
}

ManagementCertificate RemoteCertificateOf(const config::v1::Config& config) {
  return CertificateOf(config.management().grpc(), kRemoteStandIn);
}

std::vector<std::string> LackingStandIns(const config::v1::Config& config,
                                         const config::v1::StoredCertificates& certificates) {
  std::vector<std::string> names;
  if (std::any_of(kAreas.begin(), kAreas.end(),
                  [&](Area area) { return UsesSelfSigned(config, area); })) {
    names.emplace_back(kSelfSigned);
  }
  for (const auto& own : {WebCertificateOf(config), RemoteCertificateOf(config)}) {
    if (own.used && own.stands_in) names.push_back(own.name);
  }
  const auto& stored = certificates.certificate();
  std::erase_if(names, [&](const std::string& name) {
    return std::any_of(stored.begin(), stored.end(),
                       [&](const auto& certificate) { return certificate.name() == name; });
  });
  return names;
}

}  // namespace aloha::supervisor
