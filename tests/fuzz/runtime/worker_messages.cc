// The first byte chooses a message between the supervisor and its workers; the rest is the message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "worker/v1/descriptor.pb.h"
#include "worker/v1/roles.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/system/keeper_protocol.h"
#include "workers/system/listener_set.h"

namespace aloha {
namespace {

// What was parsed once can be written and parsed again.
template <typename Message>
bool Parses(const std::string& bytes, Message& message) {
  if (!message.ParseFromString(bytes)) return false;
  Message again;
  if (!again.ParseFromString(message.SerializeAsString())) abort();
  return true;
}

template <typename Message>
void Parse(const std::string& bytes) {
  Message message;
  (void)Parses(bytes, message);
}

// A worker that holds nothing accepts a snapshot without listeners alone.
void PrepareSystem(const std::string& bytes) {
  worker::v1::Snapshot snapshot;
  if (!Parses(bytes, snapshot)) return;
  system::ListenerSet listeners([](const system::Endpoint&) { return UniqueFd(); }, 1024);
  const Result<> prepared = listeners.Prepare(snapshot.system());
  if (prepared.has_value() != (snapshot.system().listeners_size() == 0)) abort();
  if (!prepared && prepared.error().message.empty()) abort();
  listeners.Abort();
}

void ReadKeeperPackets(const std::string& bytes) {
  if (const auto arguments = DecodeStart(bytes); arguments && EncodeStart(*arguments) != bytes)
    abort();
  if (const auto report = DecodeReport(bytes); report && !DecodeReport(EncodeReport(*report)))
    abort();
}

}  // namespace
}  // namespace aloha

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace v1 = aloha::worker::v1;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'a':
      aloha::Parse<v1::Attach>(bytes);
      break;
    case 'd':
      aloha::Parse<v1::Descriptors>(bytes);
      break;
    case 't':
      aloha::Parse<v1::TargetStates>(bytes);
      break;
    case 's':
      aloha::PrepareSystem(bytes);
      break;
    case 'k':
      aloha::ReadKeeperPackets(bytes);
      break;
    default:
      break;
  }
  return 0;
}
