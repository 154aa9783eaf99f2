// What the other node pushes, from its bytes to what the workers would get; and positions, on which
// both nodes must come to verdicts that fit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "supervisor/config/compile.h"
#include "supervisor/config/print.h"
#include "supervisor/config/utf8.h"
#include "supervisor/config/validate.h"
#include "supervisor/peers/shared_state.h"

namespace aloha::supervisor {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

config::v1::Config Own() {
  config::v1::Config own;
  own.mutable_network()->set_hostname("own");
  own.mutable_high_availability()->set_role(config::v1::HighAvailability::BACKUP);
  own.mutable_high_availability()->set_priority(7);
  return own;
}

void TakeState(const peer::v1::State& state) {
  Require(FindInvalidUtf8(DescribeState(state)) == std::string::npos);
  if (!CheckKnown(state)) return;
  const config::v1::Config own = Own();
  const config::v1::Config merged = MergeConfig(own, state.config());
  Require(merged.network().SerializeAsString() == own.network().SerializeAsString());
  Require(merged.high_availability().priority() == 7);
  Require(!merged.has_management());
  config::v1::StoredCertificates files;
  files.add_certificate()->set_name("mail");
  files.mutable_certificate(0)->set_file("mail.pem");
  CompileInput input{.states = state.servers(), .cores = 2, .secret = std::string(32, 's')};
  input.certificates = MergeCertificates(files, state.certificates());
  Facts facts;
  for (const auto& one : input.certificates.certificate()) facts.certificates.insert(one.name());
  const ParsedConfig checked = CheckConfig(PrintText(merged), facts);
  if (HasErrors(checked.problems)) return;
  Compile(checked.config, input);
}

void Judge(const peer::v1::Position& mine, const peer::v1::Position& theirs) {
  const Verdict verdict = Compare(mine, theirs), back = Compare(theirs, mine);
  switch (verdict) {
    case Verdict::kPush:
      return Require(back == Verdict::kPull);
    case Verdict::kPull:
      return Require(back == Verdict::kPush);
    default:
      return Require(back == verdict);
  }
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha;
  peer::v1::PushStateRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  supervisor::TakeState(request.update().state());
  // The other's position is made of what the update says beside its own.
  peer::v1::Position other = request.position();
  other.set_node(other.node() + 1);
  *other.mutable_stamp() = request.update().over();
  other.set_digest(request.update().sealed());
  supervisor::Judge(request.position(), other);
  return 0;
}
