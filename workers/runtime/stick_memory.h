// The size of a stick table's memory, agreed between the supervisor, who makes it, and the proxy,
// who uses it.
#ifndef ALOHA_WORKERS_RUNTIME_STICK_MEMORY_H_
#define ALOHA_WORKERS_RUNTIME_STICK_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace aloha {

// One entry: address, server, expiry, check word.
inline constexpr size_t kStickEntryBytes = 64;

constexpr size_t StickMemoryBytes(uint32_t max_entries) {
  return size_t{max_entries} * kStickEntryBytes;
}

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_STICK_MEMORY_H_
