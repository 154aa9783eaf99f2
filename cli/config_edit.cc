// alohactl config set, unset and edit: read the running configuration, change it, apply it unless
// somebody else was faster.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "admin/v1/configuration.grpc.pb.h"
#include "cli/config.h"
#include "cli/file.h"
#include "cli/set_path.h"

namespace aloha::cli {
namespace {

using Stub = admin::Configuration::Stub;
using Change = std::function<tl::expected<void, std::string>(google::protobuf::Message&)>;

int ChangeConfig(Client& client, const Change& change, const std::string& note, bool save) {
  auto running = client.Call(&Stub::GetConfig, admin::GetConfigRequest());
  if (!running) return client.Report(running.error());
  if (auto changed = change(*running->mutable_config()); !changed) {
    client.output().err() << "alohactl: " << Printable(changed.error()) << "\n";
    return kRefused;
  }
  admin::ApplyConfigRequest request;
  *request.mutable_source()->mutable_config() = running->config();
  request.set_expected_version(running->version());
  request.set_note(note);
  request.set_save(save);
  auto reply = Apply(client, request);
  if (!reply) return client.Report(reply.error());
  return PrintApplied(client, request, *reply, {});
}

// A file for the editor, readable by its owner alone, removed at the end unless it is kept for the
// user.
class Draft {
 public:
  Draft() {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") +
            "/alohactl-XXXXXX.textproto";
    int fd = mkstemps(path_.data(), 10);
    if (fd < 0) error_ = fmt::format("{}: {}", path_, std::strerror(errno));
    if (fd >= 0) close(fd);
  }
  ~Draft() {
    if (error_.empty() && !kept_) unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  const std::string& error() const { return error_; }
  void Keep() { kept_ = true; }

  bool Write(const std::string& text) {
    // Same file, same mode: an editor that replaces files may have changed the inode, not the name.
    int fd = open(path_.c_str(), O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    size_t done = 0;
    while (done < text.size()) {
      ssize_t wrote = write(fd, text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) break;
      done += static_cast<size_t>(wrote);
    }
    return close(fd) == 0 && done == text.size();
  }

 private:
  std::string path_;
  std::string error_;
  bool kept_ = false;
};

// Runs the user's editor and waits for it; false when it could not be run or failed.
bool RunEditor(const std::string& path) {
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  // The shell splits an editor with options ("code --wait"), as git and kubectl do.
  const std::string script = fmt::format("exec {} \"$1\"", editor);
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", script.c_str(), "editor", path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

constexpr std::string_view kHeaderMark = "#! ";

// The findings of the last attempt, as comments above the text; each is one line.
std::string Header(const grpc::Status& status) {
  const admin::ErrorDetail detail = DetailOf(status);
  auto lines = static_cast<unsigned>(detail.violations_size()) + 2;
  std::string text = fmt::format("{}{}\n", kHeaderMark, Printable(status.error_message()));
  std::string findings = RenderFindings(detail.violations(), "line", lines);
  for (size_t start = 0; start < findings.size();) {
    size_t end = findings.find('\n', start);
    text += fmt::format("{}{}\n", kHeaderMark, findings.substr(start, end - start));
    start = end + 1;
  }
  text +=
      fmt::format("{}Change it and leave the editor to try again; leave it unchanged to give up.\n",
                  kHeaderMark);
  return text;
}

std::string WithoutHeader(std::string text) {
  while (text.starts_with(kHeaderMark)) {
    size_t end = text.find('\n');
    text.erase(0, end == std::string::npos ? text.size() : end + 1);
  }
  return text;
}

// Shows `text` below `header` in the editor and returns what was made of it.
tl::expected<std::string, std::string> EditText(Draft& draft, const std::string& header,
                                                const std::string& text) {
  if (!draft.Write(header + text)) {
    return tl::make_unexpected(fmt::format("{}: {}", draft.path(), std::strerror(errno)));
  }
  if (!RunEditor(draft.path())) {
    return tl::make_unexpected("the editor failed ($VISUAL, $EDITOR, or vi)");
  }
  auto edited = ReadConfigFile(draft.path());
  if (!edited) return edited;
  return WithoutHeader(std::move(*edited));
}

// Gives up with the draft kept, because it holds work that is not applied.
int GiveUp(Client& client, Draft& draft, const std::string& why) {
  draft.Keep();
  client.output().err() << fmt::format("alohactl: {}; nothing was applied, your text is in {}\n",
                                       why, draft.path());
  return kRefused;
}

}  // namespace

int SetConfig(Client& client, const std::string& path, const std::string& value, bool save) {
  return ChangeConfig(
      client, [&](google::protobuf::Message& config) { return SetPath(config, path, value); },
      fmt::format("set {} {}", path, value), save);
}

int UnsetConfig(Client& client, const std::string& path, bool save) {
  return ChangeConfig(
      client, [&](google::protobuf::Message& config) { return UnsetPath(config, path); },
      fmt::format("unset {}", path), save);
}

int EditConfig(Client& client, bool save) {
  auto running = client.Call(&Stub::GetConfig, admin::GetConfigRequest());
  if (!running) return client.Report(running.error());
  Draft draft;
  if (!draft.error().empty()) {
    client.output().err() << "alohactl: " << draft.error() << "\n";
    return kRefused;
  }
  std::string header;
  std::string text = running->text();
  for (bool first = true;; first = false) {
    auto edited = EditText(draft, header, text);
    if (!edited) return GiveUp(client, draft, edited.error());
    if (*edited == text) {
      if (!first) return GiveUp(client, draft, "given up");
      client.output().err() << "nothing was changed\n";
      return kDone;
    }
    text = std::move(*edited);
    admin::ApplyConfigRequest request;
    request.mutable_source()->set_text(text);
    request.set_expected_version(running->version());
    request.set_note("edit");
    request.set_save(save);
    auto reply = Apply(client, request);
    if (reply) return PrintApplied(client, request, *reply, {});
    if (reply.error().error_code() != grpc::StatusCode::INVALID_ARGUMENT) {
      ExitCode code = client.Report(reply.error(), draft.path());
      GiveUp(client, draft, "refused");
      return code;
    }
    header = Header(reply.error());
  }
}

}  // namespace aloha::cli
