// Sessions of the web interface. Whoever shows a session's token is its user; here is kept a hash
// of it alone, in memory and in the run folder, so that sessions outlive the supervisor.
#ifndef ALOHA_SUPERVISOR_ACCESS_SIGN_INS_H_
#define ALOHA_SUPERVISOR_ACCESS_SIGN_INS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/v1/access.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Control thread.
class SignIns {
 public:
  using Session = config::v1::SignInSession;
  // Since the machine was booted (boot_time.h).
  using Clock = std::function<std::chrono::microseconds()>;

  static constexpr std::chrono::minutes kIdle{30};
  static constexpr std::chrono::hours kLongest{12};
  static constexpr size_t kMost = 200;
  static constexpr size_t kMostPerUser = 20;

  SignIns(std::string path, Clock clock);

  // Those of an earlier supervisor. kInvalidArgument: they are lost, and why.
  Result<> Load();

  // Begins one; where there are too many, that which was not used for longest ends. Answers its
  // token, which nothing else will ever tell.
  std::string Begin(const std::string& user, const std::string& address,
                    const std::string& user_agent);
  // Null: no such session, or it has expired. `use`: it begins to be idle anew.
  const Session* Find(std::string_view token, bool use);
  const Session* FindById(std::string_view id);
  // False: there is none.
  bool End(std::string_view id);
  // Those of this user but one.
  void EndOf(std::string_view user, std::string_view but = {});

  // Newest first. Valid until the next call of anything else.
  std::vector<const Session*> List();
  // Forgets those that have expired, and keeps what is new.
  void Sweep();

  // Names a session: of its hash, so that it opens nothing.
  static std::string IdOf(const Session& session);
  // Microseconds since 1970-01-01 UTC.
  static int64_t IdleUntil(const Session& session);
  static int64_t EndsAt(const Session& session);

  // Why the newest state is not in the run folder; empty: it is.
  const std::string& problem() const { return problem_; }

 private:
  using Sessions = google::protobuf::RepeatedPtrField<Session>;

  bool IsOver(const Session& session) const;
  // Removes those that `over` names; true: there was one.
  bool Remove(const std::function<bool(const Session&)>& over);
  void MakeRoom(const std::string& user);
  void EndOldest(const std::function<bool(const Session&)>& candidate);
  void Keep();

  const std::string path_;
  const Clock clock_;
  config::v1::SignIns kept_;
  std::chrono::microseconds written_{0};
  bool dirty_ = false;
  std::string problem_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_SIGN_INS_H_
