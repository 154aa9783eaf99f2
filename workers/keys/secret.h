// Bytes that nobody may find in memory afterwards.
#ifndef ALOHA_WORKERS_KEYS_SECRET_H_
#define ALOHA_WORKERS_KEYS_SECRET_H_

#include <sodium/utils.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aloha::keys {

// Overwrites memory before it gives it back.
template <typename T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) {}  // NOLINT: allocators convert

  T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, size_t count) {
    sodium_memzero(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const { return true; }
};

using SecretBytes = std::vector<uint8_t, WipingAllocator<uint8_t>>;

// Overwrites a string that another module made, and empties it.
inline void Wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_SECRET_H_
