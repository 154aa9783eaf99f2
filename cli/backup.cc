// alohactl backup: one file with all that was set up, and its way back. A passphrase leaves this
// process only sealed to aloha-keys.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "admin/v1/backup.grpc.pb.h"
#include "admin/v1/certificates.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/secret.h"

namespace aloha::cli {
namespace {

using Stub = admin::Backups::Stub;

constexpr size_t kMaxBackupBytes = 4 << 20;

int Refuse(Client& client, const std::string& problem) {
  client.output().err() << "alohactl: " << problem << "\n";
  return kRefused;
}

struct Options {
  std::string file;
  bool passphrase = false;
  bool without_keys = false;
  bool yes = false;
};

// Asks for the passphrase, twice where a new one is typed, and seals it. Answers an exit code when
// that failed, else -1.
int SealPassphrase(Client& client, bool fresh, std::string* sealed) {
  auto text = ReadPassword("Passphrase of the backup: ");
  if (text && fresh && isatty(STDIN_FILENO) != 0) {
    auto again = ReadPassword("The same again: ");
    const bool same = again && *again == *text;
    if (again) Wipe(*again);
    if (!same) {
      Wipe(*text);
      return Refuse(client, "the two are not the same; nothing was done");
    }
  }
  if (!text) return Refuse(client, text.error());
  admin::BackupPassphrase message;
  message.set_passphrase(*text);
  Wipe(*text);
  auto key = client.Call(&admin::Certificates::Stub::GetImportKey, admin::GetImportKeyRequest());
  auto box = key ? SealTo(key->public_key(), message.SerializeAsString())
                 : tl::expected<std::string, std::string>();
  Wipe(*message.mutable_passphrase());
  if (!key) return client.Report(key.error());
  if (!box) return Refuse(client, box.error());
  *sealed = std::move(*box);
  return -1;
}

// A file of its own, for nobody else to read; never in place of another. The error is for people.
std::string WriteNew(const std::string& path, const std::string& bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fmt::format("{}: {}", path, std::strerror(errno));
  size_t written = 0;
  int error = 0;
  while (error == 0 && written < bytes.size()) {
    const ssize_t count = write(fd, bytes.data() + written, bytes.size() - written);
    if (count > 0) written += static_cast<size_t>(count);
    if (count < 0 && errno != EINTR) error = errno;
  }
  if (error == 0 && fsync(fd) != 0) error = errno;
  close(fd);
  if (error == 0) return {};
  unlink(path.c_str());
  return fmt::format("{}: {}", path, std::strerror(error));
}

void PrintInfo(Output& output, const admin::BackupInfo& info) {
  Table table({"backup of", info.host()});
  table.Add({"made", LocalTime(info.time_us())});
  table.Add({"by version", info.version()});
  table.Add({"encrypted", info.encrypted() ? "yes" : "no"});
  if (info.has_contents()) {
    const admin::BackupContents& contents = info.contents();
    table.Add({"versions", contents.versions()});
    table.Add({"users", fmt::format("{}", fmt::join(contents.users(), " "))});
    table.Add({"tokens", contents.tokens()});
    table.Add({"certificates", fmt::format("{}", fmt::join(contents.certificates(), " "))});
    table.Add({"trust anchors", fmt::format("{}", fmt::join(contents.trust_anchors(), " "))});
    table.Add({"private keys", contents.private_keys()});
  }
  output.Write(table, "");
}

template <typename Steps>
void PrintSteps(Output& output, const Steps& steps) {
  for (const std::string& step : steps) output.out() << "  " << Printable(step) << "\n";
}

int Create(Client& client, const Options& options) {
  Output& output = client.output();
  struct stat there {};
  if (lstat(options.file.c_str(), &there) == 0)
    return Refuse(client, fmt::format("{} is there already", options.file));
  admin::CreateBackupRequest request;
  request.set_without_private_keys(options.without_keys);
  if (options.passphrase) {
    const int code = SealPassphrase(client, true, request.mutable_sealed_passphrase());
    if (code >= 0) return code;
  }
  auto reply = client.Call(&Stub::CreateBackup, request);
  if (!reply) return client.Report(reply.error());
  if (std::string problem = WriteNew(options.file, reply->backup()); !problem.empty())
    return Refuse(client, problem);
  if (!options.passphrase) {
    output.err() << "alohactl: not encrypted, so private keys and second factors are not in it "
                    "(--passphrase-stdin)\n";
  }
  reply->clear_backup();
  if (output.Structured(*reply)) return kDone;
  output.out() << fmt::format("{} written\n", options.file);
  PrintInfo(output, reply->info());
  return kDone;
}

// Reads the file, and the passphrase when it is said to come. Answers as SealPassphrase.
template <typename Request>
int ReadBackup(Client& client, const Options& options, Request* request) {
  auto file = ReadFile(options.file, kMaxBackupBytes);
  if (!file) return Refuse(client, file.error());
  request->set_backup(std::move(*file));
  if (!options.passphrase) return -1;
  return SealPassphrase(client, false, request->mutable_sealed_passphrase());
}

int Show(Client& client, const Options& options) {
  admin::PreviewRestoreRequest request;
  if (const int code = ReadBackup(client, options, &request); code >= 0) return code;
  auto reply = client.Call(&Stub::PreviewRestore, request);
  if (!reply) return client.Report(reply.error());
  if (!client.output().Structured(reply->info())) PrintInfo(client.output(), reply->info());
  return kDone;
}

int Restore(Client& client, const Options& options) {
  Output& output = client.output();
  admin::PreviewRestoreRequest plan;
  if (const int code = ReadBackup(client, options, &plan); code >= 0) return code;
  auto planned = client.Call(&Stub::PreviewRestore, plan);
  if (!planned) return client.Report(planned.error());
  if (!planned->info().has_contents())
    return Refuse(client, "the backup is encrypted: --passphrase-stdin");
  output.err() << RenderFindings(planned->findings(), "");
  const bool table = output.format() == Format::kTable;
  if (table && !planned->steps().empty()) {
    PrintInfo(output, planned->info());
    output.out() << "restoring it does:\n";
    PrintSteps(output, planned->steps());
    output.out() << std::flush;
  }
  const bool refused = planned->steps().empty();
  if (refused) return Refuse(client, "it cannot be restored here; nothing was changed");
  if (!options.yes && !Confirmed(client, "Restore it?"))
    return Refuse(client, "nothing was changed (--yes answers the question)");
  admin::RestoreBackupRequest request;
  request.set_backup(std::move(*plan.mutable_backup()));
  request.set_sealed_passphrase(plan.sealed_passphrase());
  auto reply = client.Call(&Stub::RestoreBackup, request);
  if (!reply) return client.Report(reply.error());
  if (output.Structured(*reply)) return kDone;
  PrintEvent(output, reply->event());
  if (reply->confirm_within_s() > 0) {
    output.out() << fmt::format(
        "the network changes: the configuration is undone in {} s unless confirmed: alohactl "
        "config confirm\n",
        reply->confirm_within_s());
  }
  return kDone;
}

CLI::App* AddVerb(Command& command, CLI::App* noun, const std::string& name,
                  const std::string& description, const std::shared_ptr<Options>& options,
                  int (*run)(Client&, const Options&)) {
  CLI::App* verb = command.Verb(noun, name, description,
                                [options, run](Client& client) { return run(client, *options); });
  verb->add_option("FILE", options->file, "The backup")->required();
  verb->add_flag("--passphrase-stdin", options->passphrase,
                 "Read its passphrase from standard input");
  return verb;
}

}  // namespace

void AddBackup(Command& command) {
  CLI::App* noun = command.Noun("backup", "All that was set up, in one file",
                                "alohactl backup create lb1.backup --passphrase-stdin");
  auto create = std::make_shared<Options>();
  AddVerb(command, noun, "create",
          "Configuration, history, users and certificates; encrypted with a passphrase, and with "
          "private keys only then",
          create, Create)
      ->add_flag("--without-keys", create->without_keys, "Leave private keys out");
  AddVerb(command, noun, "show", "What is in one", std::make_shared<Options>(), Show);
  auto restore = std::make_shared<Options>();
  AddVerb(command, noun, "restore", "Show what restoring one would do, and restore it", restore,
          Restore)
      ->add_flag("--yes", restore->yes, "Do not ask");
}

}  // namespace aloha::cli
