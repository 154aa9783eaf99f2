#include "supervisor/old_keys.h"

#include <set>

namespace aloha::supervisor {

void OldKeys::Replace(const worker::v1::KeysSnapshot& current, const worker::v1::KeysSnapshot& next,
                      Time now) {
  for (const std::string& key : current.keys()) ends_[key] = now + kKept;
  for (const std::string& key : next.keys()) ends_.erase(key);
}

void OldKeys::AddKept(Time now, worker::v1::KeysSnapshot& keys) {
  std::erase_if(ends_, [now](const auto& old) { return old.second <= now; });
  for (const auto& [key, end] : ends_) keys.add_keys(key);
}

bool AddKeys(const worker::v1::KeysSnapshot& others, worker::v1::KeysSnapshot& keys) {
  const int before = keys.keys_size();
  const std::set<std::string> known(keys.keys().begin(), keys.keys().end());
  for (const std::string& key : others.keys()) {
    if (!known.contains(key)) keys.add_keys(key);
  }
  return keys.keys_size() > before;
}

}  // namespace aloha::supervisor
