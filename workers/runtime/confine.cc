#include "workers/runtime/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "workers/runtime/unique_fd.h"

namespace aloha {
namespace {

// What every worker needs, by what it is for.
constexpr const char* kBaseCalls[] = {
    // The gRPC server on its inherited socket, Asio's loop, the log.
    "read",
    "write",
    "readv",
    "writev",
    "recvmsg",
    "sendmsg",
    "recvfrom",
    "sendto",
    "close",
    "shutdown",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "poll",
    "ppoll",
    "pipe2",
    "fcntl",
    "fstat",
    "newfstatat",
    "lseek",
    "ftruncate",
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    // A supervisor attaches itself through the control socket.
    "accept4",
    // Memory.
    "brk",
    "munmap",
    "madvise",
    "mremap",
    // Threads.
    "futex",
    "set_robust_list",
    "rseq",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setscheduler",
    "exit",
    "exit_group",
    "gettid",
    "getpid",
    "membarrier",
    "getcpu",
    // Signals to itself.
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "restart_syscall",
    // Time, chance, facts about itself.
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "getrandom",
    "uname",
    "sysinfo",
    "getrusage",
    "times",
#ifdef ALOHA_SANITIZED
    // The sanitizers' runtime; these builds are for tests.
    "readlink",
    "mprotect",
    "prctl",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getppid",
    "personality",
    "mincore",
#endif
};

struct FilterCloser {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterCloser>;

// seccomp_rule_add answers a negative errno.
Result<> Allow(const Filter& filter, const char* name) {
  const int call = seccomp_syscall_resolve_name(name);
  if (call == __NR_SCMP_ERROR)
    return Fail(Code::kInternal, std::string("seccomp: unknown call ") + name);
  const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  if (error != 0 && error != -EEXIST)
    return FailErrno(std::string("seccomp: allow ") + name, -error);
  return {};
}

// When all conditions hold.
Result<> AllowIf(const Filter& filter, const char* name,
                 const std::vector<scmp_arg_cmp>& conditions) {
  const int error =
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name),
                             static_cast<unsigned>(conditions.size()), conditions.data());
  if (error != 0) return FailErrno(std::string("seccomp: allow some ") + name, -error);
  return {};
}

Result<> AllowSockets(const Filter& filter, const std::vector<AllowedSocket>& sockets) {
  constexpr scmp_datum_t kTypeMask = 0xf;  // beside SOCK_NONBLOCK and SOCK_CLOEXEC
  for (const AllowedSocket& kind : sockets) {
    if (kind.family == AF_UNIX) return Fail(Code::kInternal, "AF_UNIX sockets are for nobody");
    std::vector<scmp_arg_cmp> conditions = {
        SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(kind.family)),
        SCMP_A1(SCMP_CMP_MASKED_EQ, kTypeMask, static_cast<scmp_datum_t>(kind.type))};
    if (kind.protocol != kAnyProtocol)
      conditions.push_back(SCMP_A2(SCMP_CMP_EQ, static_cast<scmp_datum_t>(kind.protocol)));
    if (auto allowed = AllowIf(filter, "socket", conditions); !allowed) return allowed;
  }
  return {};
}

// The calls that take a folder's descriptor, with that of an allowed folder and no other.
Result<> AllowFolders(const Filter& filter, const std::vector<AllowedFolder>& folders) {
  for (const AllowedFolder& folder : folders) {
    const auto descriptor = static_cast<scmp_datum_t>(folder.descriptor);
    auto allowed = AllowIf(filter, "openat", {SCMP_A0(SCMP_CMP_EQ, descriptor)});
    if (!allowed) return allowed;
    if (!folder.write) continue;
    allowed = AllowIf(filter, "unlinkat", {SCMP_A0(SCMP_CMP_EQ, descriptor)});
    if (!allowed) return allowed;
    allowed = AllowIf(filter, "renameat",
                      {SCMP_A0(SCMP_CMP_EQ, descriptor), SCMP_A2(SCMP_CMP_EQ, descriptor)});
    if (!allowed) return allowed;
  }
  return {};
}

Result<> LoadSeccomp(const Confinement& confinement) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return Fail(Code::kInternal, "seccomp: no filter");
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const char* name : kBaseCalls) {
    if (auto allowed = Allow(filter, name); !allowed) return allowed;
  }
  for (const AllowedCall& call : confinement.calls) {
    if (auto allowed = Allow(filter, call.name); !allowed) return allowed;
  }
  const auto self = static_cast<scmp_datum_t>(getpid());
  struct {
    const char* name;
    scmp_arg_cmp condition;
  } const conditional[] = {
      // No memory becomes code after start.
      {"mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
#ifndef ALOHA_SANITIZED
      {"mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
      // Names of threads; a process that is not dumpable stays so.
      {"prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
#endif
      // Asio makes a descriptor that it waits for non-blocking this way.
      {"ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO)},
      // Threads, never processes.
      {"clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
      // abort() signals itself; nobody else.
      {"tgkill", SCMP_A0(SCMP_CMP_EQ, self)},
      // Limits may be read and lowered, its own alone.
      {"prlimit64", SCMP_A0(SCMP_CMP_EQ, 0)},
  };
  for (const auto& rule : conditional) {
    if (auto allowed = AllowIf(filter, rule.name, {rule.condition}); !allowed) return allowed;
  }
  if (auto allowed = AllowSockets(filter, confinement.sockets); !allowed) return allowed;
  if (auto allowed = AllowFolders(filter, confinement.folders); !allowed) return allowed;
  // glibc tries clone3 first and falls back to clone, whose flags can be checked.
  if (const int error =
          seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)) {
    return FailErrno("seccomp: clone3", -error);
  }
  if (const int error = seccomp_load(filter.get())) return FailErrno("seccomp: load", -error);
  return {};
}

// linux/landlock.h of Debian 12 knows ABI 2 only; the kernel ignores nothing, so sizes matter.
struct LandlockAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;  // from ABI 4: 1 bind TCP, 2 connect TCP
  uint64_t scoped;              // from ABI 6: 1 abstract Unix sockets, 2 signals
};

// linux/landlock.h: packed, as the kernel reads it.
struct __attribute__((packed)) LandlockFolder {
  uint64_t allowed_access;
  int32_t parent_fd;
};

// Rights below a folder: in Landlock's first version already.
Result<> PermitFolder(long ruleset, const AllowedFolder& folder) {
  constexpr uint64_t kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadDir = 1 << 3,
                     kRemoveFile = 1 << 5, kMakeReg = 1 << 8;
  LandlockFolder rule{};
  rule.allowed_access = kReadFile | kReadDir;
  if (folder.write) rule.allowed_access |= kWriteFile | kRemoveFile | kMakeReg;
  rule.parent_fd = folder.descriptor;
  if (syscall(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0) != 0)
    return FailErrno("landlock_add_rule");
  return {};
}

bool MaySocket(const Confinement& confinement, int family, int type) {
  return std::any_of(
      confinement.sockets.begin(), confinement.sockets.end(),
      [&](const AllowedSocket& kind) { return kind.family == family && kind.type == type; });
}

// Denies every file but those of the role's folders. Answers the ABI version; 0 when the kernel has
// no Landlock.
Result<int> RestrictFiles(const Confinement& confinement) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
  if (abi <= 0) return 0;
  // Rights to files per ABI: 13 in the first, then refer, truncate, ioctl on devices.
  const int rights = abi == 1 ? 13 : abi == 2 ? 14 : abi < 5 ? 15 : 16;
  LandlockAttributes attributes{};
  attributes.handled_access_fs = (uint64_t{1} << rights) - 1;
  const bool binds = confinement.keep_capabilities;  // aloha-system alone
  const bool connects = MaySocket(confinement, AF_INET, SOCK_STREAM);
  attributes.handled_access_net = binds ? 0 : connects ? 1 : 3;
  attributes.scoped = 3;
  const size_t size = abi >= 6   ? sizeof(attributes)
                      : abi >= 4 ? 2 * sizeof(uint64_t)
                                 : sizeof(uint64_t);
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset) return FailErrno("landlock_create_ruleset");
  for (const AllowedFolder& folder : confinement.folders) {
    if (auto done = PermitFolder(ruleset.get(), folder); !done)
      return tl::make_unexpected(done.error());
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return FailErrno("landlock_restrict_self");
  return static_cast<int>(abi);
}

Result<> DropCapabilities() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> none(cap_init(), cap_free);
  if (!none || cap_set_proc(none.get()) != 0) return FailErrno("cap_set_proc");
  return {};
}

Result<> LimitResources() {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) return FailErrno("setrlimit RLIMIT_CORE");
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return FailErrno("getrlimit RLIMIT_NOFILE");
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return FailErrno("setrlimit RLIMIT_NOFILE");
  return {};
}

// A path from the root needs no folder: a descriptor of one must not help.
bool OpenRefused(int folder = AT_FDCWD) {
  const int fd = openat(folder, "/etc/passwd", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd < 0;
}

bool SocketRefused(int family, int type, int protocol = 0) {
  const int fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0) close(fd);
  return fd < 0;
}

bool ExecRefused() {
  char* const arguments[] = {nullptr};
  execve("/bin/true", arguments, arguments);  // on success there is nobody left to say so
  return true;
}

bool CodeRefused() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) munmap(page, 4096);
  return page == MAP_FAILED;
}

}  // namespace

std::vector<AllowedSocket> TcpSockets(const char* reason) {
  return {{AF_INET, SOCK_STREAM, reason}, {AF_INET6, SOCK_STREAM, reason}};
}

Result<ConfinementReport> Confine(const Confinement& confinement) {
  ConfinementReport report;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  if (auto limited = LimitResources(); !limited) return tl::make_unexpected(limited.error());
  if (!confinement.keep_capabilities) {
    if (auto dropped = DropCapabilities(); !dropped) return tl::make_unexpected(dropped.error());
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  const Result<int> landlock = RestrictFiles(confinement);
  if (!landlock) return tl::make_unexpected(landlock.error());
  report.landlock_abi = *landlock;
  // Before seccomp, so that it is Landlock that refuses.
  if (report.landlock_abi > 0)
    report.probes.push_back({"landlock: open /etc/passwd", OpenRefused()});
  if (auto loaded = LoadSeccomp(confinement); !loaded) return tl::make_unexpected(loaded.error());
  report.probes.push_back({"open /etc/passwd", OpenRefused()});
  if (report.landlock_abi > 0) {
    for (const AllowedFolder& folder : confinement.folders)
      report.probes.push_back({"open /etc/passwd from a folder", OpenRefused(folder.descriptor)});
  }
  report.probes.push_back({"socket AF_UNIX", SocketRefused(AF_UNIX, SOCK_STREAM)});
  struct {
    const char* act;
    int family, type;
  } const sockets[] = {{"socket AF_INET", AF_INET, SOCK_STREAM},
                       {"socket AF_NETLINK", AF_NETLINK, SOCK_RAW},
                       {"socket AF_PACKET", AF_PACKET, SOCK_RAW}};
  for (const auto& [act, family, type] : sockets) {
    if (!MaySocket(confinement, family, type))
      report.probes.push_back({act, SocketRefused(family, type)});
  }
  report.probes.push_back({"socket of raw ICMP", SocketRefused(AF_INET, SOCK_RAW, IPPROTO_ICMP)});
  report.probes.push_back({"execve", ExecRefused()});
  report.probes.push_back({"memory that is code", CodeRefused()});
  for (const ConfinementProbe& probe : report.probes) {
    if (!probe.refused)
      return Fail(Code::kInternal, "confinement does not hold: " + probe.act + " succeeded");
  }
  return report;
}

}  // namespace aloha
