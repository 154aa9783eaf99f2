// Accounts, sessions and tokens as the management API has them, on a loop of their own.
#include "supervisor/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "admin/v1/traffic.pb.h"
#include "supervisor/access/totp.h"
#include "supervisor/access/wall_time.h"
#include "supervisor/async.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;
using testing::HasSubstr;

constexpr char kNear[] = "127.0.0.1";
constexpr char kFar[] = "198.51.100.7";
constexpr char kGood[] = "tin whistle parade";

template <typename T>
asio::awaitable<void> Keep(asio::awaitable<T> work, std::optional<T>* result) {
  T value = co_await std::move(work);
  result->emplace(std::move(value));
}

std::string DecodeBase32(const std::string& text) {
  std::string out;
  uint32_t waiting = 0;
  int bits = 0;
  for (const char c : text) {
    waiting = waiting << 5 | static_cast<uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(waiting >> bits & 255);
  }
  return out;
}

class AccessTest : public testing::Test {
 protected:
  AccessTest() { access_ = Make(); }

  std::unique_ptr<Access> Make() {
    auto made = std::make_unique<Access>(
        loop_, events_,
        Access::Paths{folder_.path() + "/users.textproto", folder_.path() + "/sign-ins.textproto"},
        [this]() -> const auto& { return config_; });
    made->Load();
    return made;
  }

  template <typename T>
  T Run(asio::awaitable<T> work) {
    std::optional<T> result;
    Spawn(loop_, Keep(std::move(work), &result));
    loop_.restart();
    loop_.run();
    return std::move(*result);
  }

  Identity Who(const std::string& address, const std::string& session = {},
               const std::string& token = {}) {
    ManagementSocket::Caller wui;
    wui.name = "aloha-wui";
    wui.rights = Rights::kMonitor;
    wui.brings = ManagementSocket::Brings::kBrowsers;
    return access_->Identify(wui, {address, session, token, "", "Firefox"}, true);
  }
  Identity Remote(const std::string& subject, const std::string& token = {}) {
    ManagementSocket::Caller gateway;
    gateway.name = "aloha-gateway";
    gateway.brings = ManagementSocket::Brings::kRemotes;
    return access_->Identify(gateway, {kFar, "", token, subject, ""}, true);
  }
  static Identity Root() {
    Identity who;
    who.actor = "root (uid 0)";
    who.rights = Rights::kAdmin;
    who.local = true;
    return who;
  }

  SignInOutcome SignIn(const std::string& user, const std::string& password,
                       const std::string& fresh = {}, const std::string& code = {},
                       const std::string& address = kNear) {
    v1::SignInRequest request;
    request.set_user(user);
    request.set_password(password);
    request.set_new_password(fresh);
    request.set_code(code);
    return Run(access_->SignIn(Who(address), &request));
  }
  // The token of a session of the first account.
  std::string Begin() {
    SetPassword(Root(), "admin", kGood);
    return SignIn("admin", kGood).token;
  }
  Result<std::string> SetPassword(Identity who, const std::string& user, const std::string& fresh,
                                  const std::string& old = {}) {
    v1::SetPasswordRequest request;
    request.set_user(user);
    request.set_new_password(fresh);
    request.set_old_password(old);
    return Run(access_->SetPassword(std::move(who), &request));
  }
  Result<v1::User> Create(const std::string& name, v1::Role role) {
    v1::CreateUserRequest request;
    request.set_name(name);
    request.set_role(role);
    request.set_password("quiet harbour lantern");
    return Run(access_->CreateUser(Root(), &request));
  }

  TemporaryFolder folder_;
  asio::io_context loop_{1};
  Log log_{LogOptions{"test", LogLevel::kError}};
  Events events_{log_, ""};
  config::v1::Config config_;
  std::unique_ptr<Access> access_;
};

TEST_F(AccessTest, TheFirstPasswordOpensTheWayToANewOne) {
  EXPECT_TRUE(access_->Describe(Who(kNear)).first_sign_in());
  SignInOutcome outcome = SignIn("admin", "admin");
  ASSERT_TRUE(outcome.result);
  EXPECT_EQ(outcome.missing, v1::SignInResponse::NEW_PASSWORD);
  EXPECT_TRUE(outcome.token.empty());
  outcome = SignIn("admin", "admin", "admin1234567");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().field, "new_password");
  outcome = SignIn("admin", "admin", kGood);
  ASSERT_TRUE(outcome.result) << outcome.result.error().message;
  EXPECT_FALSE(outcome.token.empty());
  const Identity admin = Who(kNear, outcome.token);
  EXPECT_EQ(admin.actor, "admin (127.0.0.1)");
  EXPECT_EQ(admin.rights, Rights::kAdmin);
  EXPECT_FALSE(access_->Describe(admin).first_sign_in());
  EXPECT_TRUE(SignIn("admin", "admin").wrong) << "it works once";
}

TEST_F(AccessTest, TheFirstPasswordIsGoodNearbyAlone) {
  const SignInOutcome outcome = SignIn("admin", "admin", kGood, "", kFar);
  ASSERT_FALSE(outcome.result);
  EXPECT_FALSE(outcome.wrong);
  EXPECT_EQ(outcome.result.error().code, Code::kPermissionDenied);
  EXPECT_TRUE(SignIn("admin", "guess", kGood, "", kFar).wrong);
  EXPECT_TRUE(access_->Describe(Who(kNear)).first_sign_in());
}

TEST_F(AccessTest, TellsNobodyWhatWasWrong) {
  Begin();
  const SignInOutcome wrong = SignIn("admin", "not the password");
  const SignInOutcome unknown = SignIn("nobody", "not the password");
  EXPECT_TRUE(wrong.wrong);
  EXPECT_TRUE(unknown.wrong);
  EXPECT_EQ(wrong.result.error().message, unknown.result.error().message);
}

TEST_F(AccessTest, ASessionIsItsUserWhateverHappensToIt) {
  Begin();
  ASSERT_TRUE(Create("carol", v1::OPERATOR));
  const std::string token = SignIn("carol", "quiet harbour lantern", "loud harbour lantern").token;
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(Who(kNear, token).rights, Rights::kOperator);
  v1::UpdateUserRequest request;
  request.set_name("carol");
  request.set_role(v1::MONITOR);
  ASSERT_TRUE(access_->UpdateUser(request));
  EXPECT_EQ(Who(kNear, token).rights, Rights::kMonitor) << "at once";
  request.clear_role();
  request.set_disabled(true);
  ASSERT_TRUE(access_->UpdateUser(request));
  const Identity gone = Who(kNear, token);
  EXPECT_EQ(gone.rights, Rights::kNone);
  EXPECT_TRUE(gone.session_ended);
  EXPECT_TRUE(SignIn("carol", "loud harbour lantern").wrong);
}

TEST_F(AccessTest, ANewSessionNeverHasTheTokenOfAnOldOne) {
  const std::string token = Begin();
  v1::SignInRequest request;
  request.set_user("admin");
  request.set_password(kGood);
  const SignInOutcome again = Run(access_->SignIn(Who(kNear, token), &request));
  ASSERT_TRUE(again.result);
  EXPECT_NE(again.token, token);
  EXPECT_EQ(Who(kNear, token).rights, Rights::kNone) << "the browser's old one has ended";
}

TEST_F(AccessTest, SessionsOutliveTheSupervisor) {
  const std::string token = Begin();
  access_ = Make();
  EXPECT_EQ(Who(kNear, token).user, "admin");
}

TEST_F(AccessTest, ThrottlesWhoGuesses) {
  Begin();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(SignIn("admin", "guess", "", "", kFar).wrong);
  const SignInOutcome later = SignIn("admin", kGood, "", "", kFar);
  EXPECT_FALSE(later.result);
  EXPECT_FALSE(later.wrong);
  EXPECT_GT(later.wait.count(), 0);
  EXPECT_TRUE(SignIn("admin", kGood).result) << "from elsewhere the owner comes in";
}

TEST_F(AccessTest, AnOldPasswordIsAskedForOnesOwn) {
  const std::string token = Begin();
  const Identity admin = Who(kNear, token);
  Result<std::string> set = SetPassword(admin, "", "loud harbour lantern", "wrong");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, Code::kPermissionDenied);
  EXPECT_FALSE(SetPassword(admin, "", kGood, kGood)) << "the same";
  const std::string other = SignIn("admin", kGood).token;
  ASSERT_TRUE(SetPassword(admin, "", "loud harbour lantern", kGood));
  EXPECT_EQ(Who(kNear, token).user, "admin");
  EXPECT_EQ(Who(kNear, other).user, "") << "other sessions end";
}

TEST_F(AccessTest, OthersPasswordsAreForAdministrators) {
  Begin();
  ASSERT_TRUE(Create("carol", v1::MONITOR));
  const std::string token = SignIn("carol", "quiet harbour lantern", "loud harbour lantern").token;
  const Result<std::string> set = SetPassword(Who(kNear, token), "admin", "a third one, longer");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, Code::kPermissionDenied);
}

TEST_F(AccessTest, TheSecondFactorIsAskedForAndNoCodeIsGoodTwice) {
  const std::string token = Begin();
  const Identity admin = Who(kNear, token);
  v1::BeginSecondFactorRequest begin;
  begin.set_password(kGood);
  const auto secret = Run(access_->BeginSecondFactor(admin, &begin));
  ASSERT_TRUE(secret);
  EXPECT_THAT(secret->url(), HasSubstr("otpauth://totp/"));
  const std::string key = DecodeBase32(secret->secret());
  const auto step = static_cast<uint64_t>(WallMicroseconds() / 30'000'000);
  EXPECT_FALSE(access_->ConfirmSecondFactor(admin, "000000"));
  ASSERT_TRUE(access_->ConfirmSecondFactor(admin, FactorCode(key, step - 1)));
  EXPECT_EQ(SignIn("admin", kGood).missing, v1::SignInResponse::CODE);
  EXPECT_TRUE(SignIn("admin", kGood, "", FactorCode(key, step - 1)).wrong) << "used";
  const SignInOutcome outcome = SignIn("admin", kGood, "", FactorCode(key, step));
  EXPECT_FALSE(outcome.token.empty());
  EXPECT_TRUE(SignIn("admin", kGood, "", FactorCode(key, step)).wrong) << "used";
  access_ = Make();
  EXPECT_TRUE(SignIn("admin", kGood, "", FactorCode(key, step)).wrong) << "also after a restart";
  v1::RemoveSecondFactorRequest remove;
  remove.set_user("admin");
  ASSERT_TRUE(Run(access_->RemoveSecondFactor(Root(), &remove)));
  EXPECT_FALSE(SignIn("admin", kGood).token.empty());
}

TEST_F(AccessTest, TokensOpenWhatTheyAreFor) {
  Begin();
  v1::CreateTokenRequest request;
  request.set_name("backup");
  request.set_role(v1::OPERATOR);
  (void)v1::StatsSnapshot::descriptor();  // so that this program has them
  request.add_scopes("Stats/GetStats");
  std::string secret;
  ASSERT_TRUE(access_->CreateToken(Root(), request, &secret));
  const Identity token = Who(kFar, "", secret);
  EXPECT_EQ(token.actor, "token backup (198.51.100.7)");
  EXPECT_EQ(token.rights, Rights::kOperator);
  EXPECT_TRUE(InScope(token.scopes, "Stats/GetStats"));
  EXPECT_FALSE(InScope(token.scopes, "Stats/ResetStats"));
  EXPECT_EQ(folder_.Read("users.textproto").find(secret), std::string::npos);
  EXPECT_FALSE(access_->CreateToken(Root(), request, &secret)) << "the name is taken";
  // A token can make no token that may more.
  Identity narrow = token;
  narrow.rights = Rights::kAdmin;
  request.set_name("more");
  request.clear_scopes();
  EXPECT_FALSE(access_->CreateToken(narrow, request, &secret));
  ASSERT_TRUE(access_->RevokeToken("backup"));
  EXPECT_EQ(Who(kFar, "", secret).rights, Rights::kNone);
}

TEST_F(AccessTest, WhoMayDoEverythingMayDoLess) {
  v1::CreateTokenRequest request;
  request.set_name("reader");
  request.set_role(v1::MONITOR);
  std::string secret;
  ASSERT_TRUE(access_->CreateToken(Root(), request, &secret));
  ManagementSocket::Caller root;
  root.name = "root (uid 0)";
  root.rights = Rights::kAdmin;
  root.brings = ManagementSocket::Brings::kBrowsers;
  root.local = true;
  const auto identify = [&](const std::string& token) {
    return access_->Identify(root, {"", "", token, "", ""}, true);
  };
  EXPECT_EQ(identify("").rights, Rights::kAdmin);
  EXPECT_EQ(identify(secret).rights, Rights::kMonitor);
  EXPECT_EQ(identify(secret).actor, "root (uid 0) with token reader");
  EXPECT_EQ(identify("aloha_nonsense").rights, Rights::kNone);
}

TEST_F(AccessTest, TokensGoWithTheirMaker) {
  const Identity admin = Who(kNear, Begin());
  ASSERT_TRUE(Create("carol", v1::ADMIN));
  const std::string session =
      SignIn("carol", "quiet harbour lantern", "loud harbour lantern").token;
  v1::CreateTokenRequest request;
  request.set_name("backup");
  request.set_role(v1::ADMIN);
  std::string secret;
  ASSERT_TRUE(access_->CreateToken(Who(kNear, session), request, &secret));
  v1::UpdateUserRequest update;
  update.set_name("carol");
  update.set_role(v1::MONITOR);
  ASSERT_TRUE(access_->UpdateUser(update));
  EXPECT_EQ(Who(kFar, "", secret).rights, Rights::kMonitor);
  ASSERT_TRUE(access_->DeleteUser("carol"));
  EXPECT_EQ(Who(kFar, "", secret).rights, Rights::kNone);
  EXPECT_TRUE(access_->ListTokens(admin).empty());
}

TEST_F(AccessTest, CertificatesAreWhomTheConfigurationNames) {
  auto* user = config_.mutable_management()->mutable_grpc()->add_user();
  user->set_subject("CN=ops");
  user->set_role(config::v1::GrpcUser::OPERATOR);
  EXPECT_EQ(Remote("CN=ops").rights, Rights::kOperator);
  EXPECT_EQ(Remote("CN=ops").actor, "CN=ops (198.51.100.7)");
  EXPECT_FALSE(Remote("CN=stranger").problem.empty());
  EXPECT_EQ(Remote("").rights, Rights::kNone);
  // A token narrows, and one that is none opens nothing.
  v1::CreateTokenRequest request;
  request.set_name("reader");
  request.set_role(v1::MONITOR);
  std::string secret;
  ASSERT_TRUE(access_->CreateToken(Root(), request, &secret));
  EXPECT_EQ(Remote("CN=ops", secret).rights, Rights::kMonitor);
  EXPECT_EQ(Remote("CN=stranger", secret).rights, Rights::kNone);
  EXPECT_EQ(Remote("CN=ops", "aloha_nonsense").rights, Rights::kNone);
}

TEST_F(AccessTest, NoEventTellsASecret) {
  const std::string token = Begin();
  SignIn("a password typed as a name", kGood);
  for (const Event& event : events_.all()) {
    EXPECT_THAT(event.text(), testing::Not(HasSubstr(kGood)));
    EXPECT_THAT(event.text(), testing::Not(HasSubstr(token)));
  }
}

}  // namespace
}  // namespace aloha::supervisor
