#include "supervisor/access/sign_ins.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/access/secret.h"
#include "supervisor/access/wall_time.h"
#include "supervisor/boot_time.h"
#include "supervisor/config/state_file.h"

namespace aloha::supervisor {
namespace {

// What was used when need not be written at once.
constexpr std::chrono::minutes kWriteUses{1};
constexpr size_t kHashBytes = 32;
constexpr size_t kIdBytes = 8;  // of the hash

bool SameHash(const std::string& a, const std::string& b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

SignIns::SignIns(std::string path, Clock clock)
    : path_(std::move(path)), clock_(std::move(clock)) {}

Result<> SignIns::Load() {
  config::v1::SignIns read;
  const Result<> loaded = ReadState(path_, &read);
  if (!loaded) return loaded.error().code == Code::kNotFound ? Result<>() : loaded;
  kept_ = std::move(read);
  // A run folder that outlived a boot, or a clock that was set: rather too early than too late.
  const int64_t now = WallMicroseconds();
  Remove([&](const Session& session) {
    return session.hash().size() != kHashBytes || session.user().empty() || IsOver(session) ||
           IdleUntil(session) < now || session.last_used_us() > now + ToMicroseconds(kIdle);
  });
  return {};
}

std::string SignIns::IdOf(const Session& session) {
  std::array<char, 2 * kIdBytes + 1> id{};
  sodium_bin2hex(id.data(), id.size(),
                 reinterpret_cast<const unsigned char*>(session.hash().data()),
                 std::min(session.hash().size(), kIdBytes));
  return id.data();
}

int64_t SignIns::EndsAt(const Session& session) {
  return session.begun_us() + ToMicroseconds(kLongest);
}

int64_t SignIns::IdleUntil(const Session& session) {
  return std::min(session.last_used_us() + ToMicroseconds(kIdle), EndsAt(session));
}

bool SignIns::IsOver(const Session& session) const {
  const auto now = clock_();
  const auto begun = BootMicroseconds(session.begun_boot_us());
  const auto used = BootMicroseconds(session.last_used_boot_us());
  return begun > now || used > now || now - begun >= kLongest || now - used >= kIdle;
}

bool SignIns::Remove(const std::function<bool(const Session&)>& over) {
  Sessions& sessions = *kept_.mutable_session();
  const auto from = std::remove_if(sessions.begin(), sessions.end(), over);
  if (from == sessions.end()) return false;
  sessions.erase(from, sessions.end());
  dirty_ = true;
  return true;
}

void SignIns::EndOldest(const std::function<bool(const Session&)>& candidate) {
  const Session* oldest = nullptr;
  for (const Session& session : kept_.session()) {
    if (!candidate(session)) continue;
    if (oldest == nullptr || session.last_used_boot_us() < oldest->last_used_boot_us())
      oldest = &session;
  }
  if (oldest == nullptr) return;
  const std::string hash = oldest->hash();
  Remove([&](const Session& session) { return session.hash() == hash; });
}

void SignIns::MakeRoom(const std::string& user) {
  const auto own = [&](const Session& session) { return session.user() == user; };
  const auto& sessions = kept_.session();
  const auto count = std::count_if(sessions.begin(), sessions.end(), own);
  if (static_cast<size_t>(count) >= kMostPerUser) EndOldest(own);
  if (static_cast<size_t>(sessions.size()) >= kMost) EndOldest([](const Session&) { return true; });
}

std::string SignIns::Begin(const std::string& user, const std::string& address,
                           const std::string& user_agent) {
  Sweep();
  MakeRoom(user);
  std::string token = NewRandomSecret();
  const auto now = static_cast<uint64_t>(clock_().count());
  Session* session = kept_.add_session();
  session->set_hash(HashRandomSecret(token));
  session->set_user(user);
  session->set_address(address);
  session->set_user_agent(user_agent);
  session->set_begun_us(WallMicroseconds());
  session->set_last_used_us(session->begun_us());
  session->set_begun_boot_us(now);
  session->set_last_used_boot_us(now);
  dirty_ = true;
  Keep();
  return token;
}

const SignIns::Session* SignIns::Find(std::string_view token, bool use) {
  if (!IsRandomSecret(token)) return nullptr;
  const std::string hash = HashRandomSecret(token);
  for (Session& session : *kept_.mutable_session()) {
    if (!SameHash(session.hash(), hash)) continue;
    if (IsOver(session)) return nullptr;
    if (!use) return &session;
    const auto now = clock_();
    session.set_last_used_us(WallMicroseconds());
    session.set_last_used_boot_us(static_cast<uint64_t>(now.count()));
    dirty_ = true;
    if (now - written_ >= kWriteUses) Keep();
    return &session;
  }
  return nullptr;
}

const SignIns::Session* SignIns::FindById(std::string_view id) {
  for (const Session& session : kept_.session()) {
    if (IdOf(session) == id && !IsOver(session)) return &session;
  }
  return nullptr;
}

bool SignIns::End(std::string_view id) {
  const bool ended = Remove([&](const Session& session) { return IdOf(session) == id; });
  if (ended) Keep();
  return ended;
}

void SignIns::EndOf(std::string_view user, std::string_view but) {
  const bool ended = Remove([&](const Session& session) {
    return session.user() == user && (but.empty() || IdOf(session) != but);
  });
  if (ended) Keep();
}

std::vector<const SignIns::Session*> SignIns::List() {
  Sweep();
  std::vector<const Session*> list;
  for (const Session& session : kept_.session()) list.push_back(&session);
  std::sort(list.begin(), list.end(), [](const Session* a, const Session* b) {
    return a->begun_boot_us() > b->begun_boot_us();
  });
  return list;
}

void SignIns::Sweep() {
  Remove([this](const Session& session) { return IsOver(session); });
  if (dirty_) Keep();
}

void SignIns::Keep() {
  const Result<> written = WriteState(path_, kept_, "", 0600);
  problem_ = written ? "" : written.error().message;
  written_ = clock_();
  dirty_ = !written;
}

}  // namespace aloha::supervisor
