// The first byte is the split; the rest is what the endpoint mapper says.
#include "tests/fuzz/health/drive.h"
#include "workers/health/rpc_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto mapper = aloha::health::MakeEndpointMapperDialogue();
  aloha::health::Drive(*mapper, {reinterpret_cast<const char*>(data), size});
  return 0;
}
