// alohactl config: the running and the saved configuration, and their history.
#include "cli/config.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "admin/v1/configuration.grpc.pb.h"
#include "cli/command.h"
#include "cli/file.h"

namespace aloha::cli {
namespace {

using Stub = admin::Configuration::Stub;

// Reads a file into a source; on failure says why on stderr.
bool ReadSource(Client& client, const std::string& path, admin::ConfigSource* out_source) {
  auto text = ReadConfigFile(path);
  if (!text) {
    client.output().err() << "alohactl: " << text.error() << "\n";
    return false;
  }
  out_source->set_text(std::move(*text));
  return true;
}

struct ShowOptions {
  bool saved = false;
  uint64_t version = 0;
};

int Show(Client& client, const ShowOptions& options) {
  admin::GetConfigRequest request;
  request.set_saved(options.saved);
  request.set_version(options.version);
  auto reply = client.Call(&Stub::GetConfig, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.format() == Format::kJson) {
    output.Structured(*reply);
    return kDone;
  }
  // The canonical text is the text format of the configuration already.
  output.out() << reply->text() << std::flush;
  if (!options.saved && options.version == 0 && reply->unsaved_changes()) {
    output.err() << "# unsaved changes: alohactl config save\n";
  }
  return kDone;
}

int Validate(Client& client, const std::string& file) {
  admin::ValidateConfigRequest request;
  if (!ReadSource(client, file, request.mutable_source())) return kRefused;
  auto reply = client.Call(&Stub::ValidateConfig, request);
  if (!reply) return client.Report(reply.error(), FileLabel(file));
  Output& output = client.output();
  const bool structured = output.Structured(*reply);
  output.err() << RenderFindings(reply->findings(), FileLabel(file));
  if (!reply->valid()) return kRefused;
  if (!structured) output.out() << FileLabel(file) << " is valid\n";
  return kDone;
}

void PrintSteps(Output& output, const google::protobuf::RepeatedPtrField<admin::PlanStep>& steps) {
  for (const admin::PlanStep& step : steps) {
    output.out() << "  " << Printable(step.text()) << "\n";
  }
}

int Plan(Client& client, const std::string& file) {
  admin::PlanConfigRequest request;
  if (!ReadSource(client, file, request.mutable_source())) return kRefused;
  auto reply = client.Call(&Stub::PlanConfig, request);
  if (!reply) return client.Report(reply.error(), FileLabel(file));
  Output& output = client.output();
  const bool structured = output.Structured(*reply);
  output.err() << RenderFindings(reply->findings(), FileLabel(file));
  for (const admin::FieldViolation& finding : reply->findings()) {
    if (finding.severity() != admin::FieldViolation::WARNING) return kRefused;
  }
  if (structured) return kDone;
  output.out() << (reply->steps().empty() ? "nothing would change\n" : "applying it would do:\n");
  PrintSteps(output, reply->steps());
  return kDone;
}

struct ApplyOptions {
  std::string file;
  uint32_t confirm_s = 0;
  bool save = false;
  std::string note;
};

int ApplyFile(Client& client, const ApplyOptions& options) {
  admin::ApplyConfigRequest request;
  if (!ReadSource(client, options.file, request.mutable_source())) return kRefused;
  request.set_confirm_within_s(options.confirm_s);
  request.set_save(options.save);
  request.set_note(options.note);
  auto reply = Apply(client, request);
  if (!reply) return client.Report(reply.error(), FileLabel(options.file));
  return PrintApplied(client, request, *reply, FileLabel(options.file));
}

int Confirm(Client& client) {
  auto reply = client.Call(&Stub::ConfirmConfig, admin::ConfirmConfigRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

// "12", "saved" or "running" as DiffVersions numbers it; `zero` is the word that 0 stands for on
// this side.
std::optional<uint64_t> ParseVersion(const std::string& word, std::string_view zero) {
  if (word == zero) return 0;
  uint64_t version = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), version);
  if (error != std::errc() || end != word.data() + word.size() || version == 0) return std::nullopt;
  return version;
}

std::string Colored(const std::string& diff) {
  std::string text;
  for (size_t start = 0; start < diff.size();) {
    size_t end = diff.find('\n', start);
    std::string line = diff.substr(start, end - start);
    start = end == std::string::npos ? diff.size() : end + 1;
    const bool marked = line.starts_with('+') || line.starts_with('-');
    text += line.starts_with('+') ? "\033[32m" : line.starts_with('-') ? "\033[31m" : "";
    text += line + (marked ? "\033[0m\n" : "\n");
  }
  return text;
}

struct DiffOptions {
  std::string from = "saved";
  std::string to = "running";
};

int Diff(Client& client, const DiffOptions& options) {
  auto from = ParseVersion(options.from, "saved");
  auto to = ParseVersion(options.to, "running");
  Output& output = client.output();
  if (!from || !to) {
    output.err()
        << "alohactl: config diff [A B]: A is a version or \"saved\", B a version or \"running\"\n";
    return kUsage;
  }
  admin::DiffVersionsRequest request;
  request.set_from_version(*from);
  request.set_to_version(*to);
  auto reply = client.Call(&Stub::DiffVersions, request);
  if (!reply) return client.Report(reply.error());
  if (output.Structured(*reply)) return kDone;
  if (reply->diff().empty()) {
    output.err() << fmt::format("no difference between {} and {}\n", options.from, options.to);
  }
  output.out() << (output.color() ? Colored(reply->diff()) : reply->diff());
  return kDone;
}

int History(Client& client) {
  auto reply = client.List(&Stub::ListVersions, admin::ListVersionsRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({">VERSION", "TIME", "STATE", "ORIGIN", "WHO", "NOTE"});
  for (const admin::Version& version : reply->versions()) {
    std::string state = version.running() ? "running" : "";
    if (version.saved()) state += state.empty() ? "saved" : ", saved";
    table.Add({version.version(),
               LocalTime(version.time_us()),
               {state, Color::kGood},
               version.origin(),
               version.actor(),
               version.note()});
  }
  output.Write(table, "No versions: alohactl config apply FILE");
  return kDone;
}

int Rollback(Client& client, uint64_t version) {
  admin::RollbackConfigRequest request;
  request.set_version(version);
  auto reply = client.Call(&Stub::RollbackConfig, request);
  if (!reply) return client.Report(reply.error());
  return PrintApplied(client, {}, *reply, {});
}

int FactoryReset(Client& client, bool yes, bool erase) {
  const char* question =
      erase ? "Erase certificates, private keys, users, tokens and the history, and go back to the "
              "factory configuration, for good?"
            : "Replace the running configuration by the factory one?";
  if (!yes && !Confirmed(client, question)) {
    client.output().err() << "alohactl: nothing was changed (--yes answers the question)\n";
    return kRefused;
  }
  admin::ResetConfigRequest request;
  request.set_erase(erase);
  auto reply = client.Call(&Stub::ResetConfig, request);
  if (!reply) return client.Report(reply.error());
  admin::ApplyConfigRequest told;
  told.set_save(erase);  // it is saved with all the rest
  return PrintApplied(client, told, *reply, {});
}

void AddFileVerbs(Command& command, CLI::App* noun) {
  constexpr const char* kFileHelp = "Configuration in text format, or - for standard input";
  auto validated = std::make_shared<std::string>();
  command
      .Verb(noun, "validate", "Say everything that is wrong with a file; change nothing",
            [=](Client& client) { return Validate(client, *validated); })
      ->add_option("FILE", *validated, kFileHelp)
      ->required();

  auto planned = std::make_shared<std::string>();
  command
      .Verb(noun, "plan", "What applying a file would do",
            [=](Client& client) { return Plan(client, *planned); })
      ->add_option("FILE", *planned, kFileHelp)
      ->required();

  auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply = command.Verb(noun, "apply", "Run a file: all of it, or nothing changes",
                                 [=](Client& client) { return ApplyFile(client, *options); });
  apply->add_option("FILE", options->file, kFileHelp)->required();
  apply
      ->add_option("--confirm", options->confirm_s,
                   "Undo it after so many SECONDS unless `config confirm` comes")
      ->check(CLI::Range(1, 3600));
  apply->add_flag("--save", options->save, "Save it as well");
  apply->add_option("--note", options->note, "Free text for the history");
  command.Verb(noun, "confirm", "Keep what `apply --confirm` applied", Confirm);
}

void AddChangeVerbs(Command& command, CLI::App* noun) {
  struct SetOptions {
    std::string path;
    std::string value;
    bool save = false;
  };
  constexpr const char* kPathHelp =
      "imap.mode, cas_server[0].address, cas_server[CAS1].weight, dns_server[+] …";
  auto set = std::make_shared<SetOptions>();
  CLI::App* app = command.Verb(
      noun, "set", "Change one field of the running configuration",
      [=](Client& client) { return SetConfig(client, set->path, set->value, set->save); });
  app->add_option("PATH", set->path, kPathHelp)->required();
  app->add_option("VALUE", set->value,
                  "Its new value, as in a configuration file; strings without quotes")
      ->required();
  app->add_flag("--save", set->save, "Save it as well");

  auto unset = std::make_shared<SetOptions>();
  app = command.Verb(noun, "unset", "Remove one field or list element",
                     [=](Client& client) { return UnsetConfig(client, unset->path, unset->save); });
  app->add_option("PATH", unset->path, kPathHelp)->required();
  app->add_flag("--save", unset->save, "Save it as well");

  auto edit = std::make_shared<bool>(false);
  command
      .Verb(noun, "edit", "Edit the running configuration in $VISUAL or $EDITOR, then apply it",
            [=](Client& client) { return EditConfig(client, *edit); })
      ->add_flag("--save", *edit, "Save it as well");
}

void AddHistoryVerbs(Command& command, CLI::App* noun) {
  auto diff = std::make_shared<DiffOptions>();
  CLI::App* app = command.Verb(noun, "diff", "Compare two versions; by default saved and running",
                               [=](Client& client) { return Diff(client, *diff); });
  app->add_option("A", diff->from, "A version, or \"saved\"");
  app->add_option("B", diff->to, "A version, or \"running\"");
  command.Verb(noun, "history", "Every applied version, newest first", History);

  auto version = std::make_shared<uint64_t>(0);
  command
      .Verb(noun, "rollback", "Apply an earlier version again",
            [=](Client& client) { return Rollback(client, *version); })
      ->add_option("VERSION", *version, "From config history; by default the one before")
      ->check(CLI::PositiveNumber);

  auto yes = std::make_shared<bool>(false), erase = std::make_shared<bool>(false);
  CLI::App* reset =
      command.Verb(noun, "factory-reset", "Apply the factory configuration",
                   [=](Client& client) { return FactoryReset(client, *yes, *erase); });
  reset->add_flag("--erase", *erase,
                  "Also erase certificates, private keys, users, tokens and the history, for good");
  reset->add_flag("--yes", *yes, "Do not ask");
}

}  // namespace

Reply<admin::ApplyConfigResponse> Apply(Client& client, const admin::ApplyConfigRequest& request) {
  return client.Call(&Stub::ApplyConfig, request);
}

int PrintApplied(Client& client, const admin::ApplyConfigRequest& request,
                 const admin::ApplyConfigResponse& response, std::string_view file) {
  Output& output = client.output();
  output.err() << RenderFindings(response.findings(), file);
  if (output.Structured(response)) return kDone;
  output.out() << fmt::format("version {} runs{}\n", response.version(),
                              response.steps().empty() ? "; nothing had to change" : ":");
  PrintSteps(output, response.steps());
  output.out() << std::flush;
  if (response.confirm_within_s() != 0) {
    output.err() << fmt::format("undone in {} s unless confirmed: alohactl config confirm\n",
                                response.confirm_within_s());
  } else if (!request.save()) {
    output.err() << "not saved yet: alohactl config save\n";
  }
  return kDone;
}

int SaveConfig(Client& client) {
  auto reply = client.Call(&Stub::SaveConfig, admin::SaveConfigRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

void AddConfig(Command& command) {
  CLI::App* noun = command.Noun("config", "The running and the saved configuration",
                                "alohactl config apply farm.textproto --confirm 60");
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = command.Verb(noun, "show", "The running configuration, in text format",
                                [=](Client& client) { return Show(client, *options); });
  CLI::Option* saved = show->add_flag("--saved", options->saved, "The saved one instead");
  show->add_option("--version", options->version, "One of the history instead")
      ->check(CLI::PositiveNumber)
      ->excludes(saved);
  AddFileVerbs(command, noun);
  AddChangeVerbs(command, noun);
  command.Verb(noun, "save", "Save the running configuration: the next boot starts with it",
               SaveConfig);
  AddHistoryVerbs(command, noun);
}

}  // namespace aloha::cli
