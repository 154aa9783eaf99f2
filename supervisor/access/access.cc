#include "supervisor/access/access.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "supervisor/access/secret.h"
#include "supervisor/access/wall_time.h"
#include "supervisor/async.h"
#include "supervisor/boot_time.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;

constexpr std::chrono::seconds kSweep{30};
// How much of what tokens did last a crash may lose.
constexpr int kSweepsToFlush = 10;

}  // namespace

Access::Access(asio::io_context& loop, Events& events, Paths paths,
               std::function<const config::v1::Config&()> config)
    : loop_(loop),
      events_(events),
      config_(std::move(config)),
      accounts_(std::move(paths.users)),
      sign_ins_(std::move(paths.sign_ins), BootTime),
      hasher_(loop) {
  if (sodium_init() < 0) std::abort();  // it has no random numbers
}

void Access::Load() {
  if (const Result<> loaded = accounts_.Load(); !loaded) {
    events_.Add(
        Event::ERROR, "user", "accounts",
        fmt::format("{}; nobody can sign in, and tokens open nothing, until \"alohactl user "
                    "password {}\" on this machine begins a new file",
                    loaded.error().message, kFirstUser));
  }
  if (const Result<> loaded = sign_ins_.Load(); !loaded) {
    events_.Add(Event::WARNING, "user", "sessions",
                fmt::format("{}; everybody has to sign in again", loaded.error().message));
  }
  for (const Accounts::Account& account : accounts_.all().account()) {
    if (account.last_address().empty()) continue;
    throttle_.Know(account.name(), account.last_address());
    code_throttle_.Know(account.name(), account.last_address());
  }
}

asio::awaitable<void> Access::Run() {
  for (int sweeps = 1;; ++sweeps) {
    co_await Sleep(kSweep);
    sign_ins_.Sweep();
    ReportSignIns();
    if (sweeps % kSweepsToFlush == 0) accounts_.Flush();
    std::erase_if(pending_factors_, [now = std::chrono::steady_clock::now()](const auto& pending) {
      return pending.second.ends < now;
    });
  }
}

void Access::ReportSignIns() {
  const bool unkept = !sign_ins_.problem().empty();
  if (unkept && !told_unkept_) {
    events_.Add(
        Event::WARNING, "user", "sessions",
        fmt::format("{}; until it can be written, a restart of the supervisor ends sessions",
                    sign_ins_.problem()));
  }
  told_unkept_ = unkept;
}

Identity Access::Identify(const ManagementSocket::Caller& connection,
                          const Credentials& credentials, bool use) {
  using Brings = ManagementSocket::Brings;
  Identity who;
  who.address = PlainAddress(credentials.address);
  who.user_agent = credentials.user_agent;
  if (connection.brings == Brings::kRemotes) {
    TrustCertificate(credentials, who);
  } else if (connection.brings == Brings::kBrowsers && !credentials.address.empty()) {
    who.browser = true;
    Trust(credentials, who, use);
  } else {
    who.actor = connection.name;
    who.rights = connection.rights;
    who.local = connection.local;
    if (who.rights == Rights::kNone) who.problem = "this connection is nobody's";
    if (who.local && !credentials.token.empty()) TrustToken(credentials, who);
  }
  return who;
}

void Access::Trust(const Credentials& credentials, Identity& who, bool use) {
  who.actor = fmt::format("nobody ({})", who.address.empty() ? "unknown" : who.address);
  who.problem = "sign in first";
  if (who.address.empty()) {
    who.problem = "the caller's address is none";
  } else if (!credentials.session.empty()) {
    TrustSession(credentials, who, use);
  } else if (!credentials.token.empty()) {
    TrustToken(credentials, who);
  }
}

void Access::TrustSession(const Credentials& credentials, Identity& who, bool use) {
  const SignIns::Session* session = sign_ins_.Find(credentials.session, use);
  const Accounts::Account* account = session == nullptr ? nullptr : accounts_.Find(session->user());
  if (account == nullptr || account->disabled()) {
    who.session_ended = true;
    who.problem = "the session has ended; sign in again";
    return;
  }
  who.actor = fmt::format("{} ({})", account->name(), who.address);
  who.rights = RightsOf(account->role());
  who.user = account->name();
  who.sign_in = SignIns::IdOf(*session);
  who.problem.clear();
}

// A token that an account made can no more than the account, now.
bool Access::CreatorMay(const config::v1::AccessToken& token, Rights* rights) const {
  if (!IsUserName(token.creator())) return true;  // somebody on this machine, or a certificate
  const Accounts::Account* creator = accounts_.Find(token.creator());
  if (creator == nullptr || creator->disabled()) return false;
  *rights = std::min(*rights, RightsOf(creator->role()));
  return true;
}

// Who is somebody already has the lesser rights of both from then on; and none when the token is
// none.
void Access::TrustToken(const Credentials& credentials, Identity& who) {
  const Rights before = std::exchange(who.rights, Rights::kNone);
  who.local = false;
  who.problem = "the token is not known, has expired or was revoked";
  if (!IsToken(credentials.token)) return;
  const Accounts::Token* token = accounts_.FindTokenByHash(HashRandomSecret(credentials.token));
  if (token == nullptr || token->expires_us() <= WallMicroseconds()) return;
  Rights rights = RightsOf(token->role());
  if (!CreatorMay(*token, &rights)) return;
  if (Accounts::Token* noted = accounts_.NoteToken(token->name())) {
    noted->set_last_used_us(WallMicroseconds());
    noted->set_last_address(who.address);
  }
  const bool narrows = before != Rights::kNone;
  who.actor = narrows ? fmt::format("{} with token {}", who.actor, token->name())
                      : fmt::format("token {} ({})", token->name(), who.address);
  who.rights = narrows ? std::min(before, rights) : rights;
  who.token = token->name();
  who.scopes.assign(token->scope().begin(), token->scope().end());
  who.problem.clear();
}

void Access::TrustCertificate(const Credentials& credentials, Identity& who) {
  who.actor = fmt::format(
      "{} ({})", credentials.subject.empty() ? "nobody" : EscapeForLog(credentials.subject),
      who.address.empty() ? "unknown" : who.address);
  who.problem = credentials.subject.empty()
                    ? "a certificate is needed"
                    : "management.grpc.user names nobody with the subject of this certificate";
  const auto& grpc = config_().management().grpc();
  for (const config::v1::GrpcUser& user : grpc.user()) {
    if (credentials.subject.empty() || user.subject() != credentials.subject) continue;
    who.rights = RightsOf(user.role());
    who.problem.clear();
  }
  if (who.problem.empty() && !credentials.token.empty()) TrustToken(credentials, who);
}

namespace {

constexpr int kMostStreams = 300, kMostStreamsOfOne = 24;

std::string OwnerOf(const Identity& who) {
  if (!who.sign_in.empty()) return "session " + who.sign_in;
  return who.token.empty() ? who.actor : "token " + who.token;
}

}  // namespace

bool Access::BeginStream(const Identity& who) {
  int& own = streams_[OwnerOf(who)];
  if (own >= kMostStreamsOfOne || all_streams_ >= kMostStreams) return false;
  ++own;
  ++all_streams_;
  return true;
}

void Access::EndStream(const Identity& who) {
  --all_streams_;
  const auto own = streams_.find(OwnerOf(who));
  if (own != streams_.end() && --own->second == 0) streams_.erase(own);
}

v1::CallerInfo Access::Describe(const Identity& who) {
  v1::CallerInfo info;
  // Only to whom it is of use.
  info.set_first_sign_in(accounts_.first_sign_in() && (who.local || IsNear(who.address)));
  if (!who.problem.empty()) return info;
  info.set_name(!who.user.empty()    ? who.user
                : !who.token.empty() ? "token " + who.token
                                     : who.actor);
  info.set_role(RoleOf(who.rights));
  const Accounts::Account* account = who.user.empty() ? nullptr : accounts_.Find(who.user);
  info.set_account(account != nullptr);
  info.set_second_factor(account != nullptr && !account->second_factor().empty());
  if (const SignIns::Session* session =
          who.sign_in.empty() ? nullptr : sign_ins_.FindById(who.sign_in)) {
    info.set_idle_until_us(SignIns::IdleUntil(*session));
    info.set_ends_us(SignIns::EndsAt(*session));
  }
  return info;
}

std::vector<v1::SignIn> Access::ListSignIns(const Identity& who) {
  std::vector<v1::SignIn> list;
  for (const SignIns::Session* session : sign_ins_.List()) {
    if (who.rights < Rights::kAdmin && session->user() != who.user) continue;
    v1::SignIn& out = list.emplace_back();
    out.set_id(SignIns::IdOf(*session));
    out.set_user(session->user());
    out.set_address(session->address());
    out.set_user_agent(session->user_agent());
    out.set_begun_us(session->begun_us());
    out.set_last_used_us(session->last_used_us());
    out.set_ends_us(SignIns::IdleUntil(*session));
    out.set_current(out.id() == who.sign_in);
  }
  return list;
}

Result<std::string> Access::RevokeSignIn(const Identity& who, const std::string& id) {
  const SignIns::Session* session = sign_ins_.FindById(id);
  if (session == nullptr || (who.rights < Rights::kAdmin && session->user() != who.user)) {
    return Fail(Code::kNotFound, fmt::format("there is no session \"{}\"", EscapeForLog(id)));
  }
  std::string user = session->user();
  sign_ins_.End(id);
  return user;
}

}  // namespace aloha::supervisor
