#include "supervisor/privilege.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "supervisor/process.h"
#include "supervisor/roles.h"
#include "workers/system/keeper_client.h"

namespace aloha::supervisor {
namespace {

namespace fs = std::filesystem;

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

Result<User> FindUser(const std::string& wanted) {
  for (const std::string& name : wanted.empty() ? std::vector<std::string>{"aloha", "nobody"}
                                                : std::vector<std::string>{wanted}) {
    if (const passwd* entry = getpwnam(name.c_str()))
      return User{name, entry->pw_uid, entry->pw_gid};
  }
  return Fail(Code::kInvalidArgument,
              fmt::format("--user {}: there is no such user", wanted.empty() ? "aloha" : wanted));
}

Result<> MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Fail(Code::kFailedPrecondition, fmt::format("{}: {}", path, error.message()));
  return {};
}

// Gives a folder and what lies in it to the user, but for the folder `except`; follows no link.
Result<> HandOver(const std::string& path, const User& user, const std::string& except) {
  std::error_code error;
  const auto give = [&](const fs::path& file) {
    return lchown(file.c_str(), user.uid, user.gid) == 0;
  };
  if (!give(path)) return FailErrno("chown " + path);
  fs::recursive_directory_iterator entries(path, error);
  for (; entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (entries->path() == except) {
      entries.disable_recursion_pending();
    } else if (!give(entries->path())) {
      return FailErrno("chown " + entries->path().string());
    }
  }
  return {};
}

// The user that aloha-keys runs as by its own file; nothing: whoever starts it.
std::optional<User> KeysUser(const Options& options) {
  struct stat file {};
  const std::string binary = FindBinary(options.binary_dir, FindRole("keys")->binary);
  if (stat(binary.c_str(), &file) != 0 || (file.st_mode & S_ISUID) == 0) return std::nullopt;
  return User{"", file.st_uid, file.st_gid};
}

// Nobody but its owner reads the folder. One that belongs to somebody else is left as it is.
Result<> MakeKeyFolder(const std::string& path, const std::optional<User>& keys_user) {
  const bool may_give = geteuid() == 0;
  if (keys_user && !may_give) return {};  // the installation made it
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return FailErrno("mkdir " + path);
  struct stat folder {};
  if (stat(path.c_str(), &folder) != 0) return FailErrno(path);
  if (folder.st_uid == geteuid() && chmod(path.c_str(), 0700) != 0) return FailErrno(path);
  if (!keys_user) return {};
  if (lchown(path.c_str(), keys_user->uid, keys_user->gid) != 0) return FailErrno("chown " + path);
  return {};
}

Result<> Become(const User& user) {
  if (initgroups(user.name.c_str(), user.gid) != 0 ||
      setresgid(user.gid, user.gid, user.gid) != 0 ||
      setresuid(user.uid, user.uid, user.uid) != 0) {
    return FailErrno("become " + user.name);
  }
  if (setuid(0) == 0)
    return Fail(Code::kInternal, "root could be taken back after it was given up");
  return {};
}

}  // namespace

std::string KeyFolder(const Options& options) { return options.state_dir + "/keys"; }

Result<Privilege> SettlePrivilege(const Options& options) {
  Privilege privilege;
  for (const std::string& folder :
       {options.state_dir, options.run_dir, options.run_dir + "/workers"}) {
    if (auto made = MakeFolder(folder); !made) return tl::make_unexpected(made.error());
  }
  const std::optional<User> keys_user = KeysUser(options);
  const std::string key_folder = KeyFolder(options);
  if (auto made = MakeKeyFolder(key_folder, keys_user); !made) {
    return tl::make_unexpected(made.error());
  }
  if (geteuid() == 0) {
    const Result<User> user = FindUser(options.user);
    if (!user) return tl::make_unexpected(user.error());
    for (const std::string& folder : {options.state_dir, options.run_dir}) {
      const auto given = HandOver(folder, *user, keys_user ? key_folder : "");
      if (!given) return tl::make_unexpected(given.error());
    }
    if (user->uid != 0) {
      Result<UniqueFd> keeper =
          StartKeeper(FindBinary(options.binary_dir, FindRole("system")->binary), user->uid,
                      user->gid, &privilege.keeper_pid);
      if (!keeper) return tl::make_unexpected(keeper.error());
      privilege.keeper = std::move(*keeper);
      if (auto became = Become(*user); !became) return tl::make_unexpected(became.error());
      // aloha-system comes from the keeper, so nothing this process starts needs a privilege of its
      // file, unless aloha-keys is installed with a user of its own. With file capabilities or that
      // user no_new_privs would void them, so there it stays off.
      if (!keys_user) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
  } else {
    const passwd* self = getpwuid(geteuid());
    const std::string name = self != nullptr ? self->pw_name : "";
    if (!options.user.empty() && options.user != name) {
      return Fail(Code::kPermissionDenied,
                  "--user needs root; started as " + (name.empty() ? "another user" : name));
    }
    privilege.trial = name != "aloha";
  }
  for (const std::string& folder :
       {options.state_dir, options.run_dir, options.run_dir + "/workers"}) {
    if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return FailErrno(folder);
  }
  // Its memory holds nothing secret, but what it says is believed.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return privilege;
}

}  // namespace aloha::supervisor
