#include "cli/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace aloha::cli {
namespace {

constexpr const char* kDefaultEndpoint = "unix:/run/aloha/supervisor.sock";

void AddGlobalOptions(CLI::App& root, ConnectionOptions& connection, Format& format) {
  root.add_option("--endpoint", connection.endpoint, "unix:PATH, or HOST:PORT with --ca")
      ->envname("ALOHA_ENDPOINT")
      ->type_name("ENDPOINT")
      ->default_val(kDefaultEndpoint);
  const auto file = [&root](const char* option, std::string& path, const char* variable,
                            const char* description) {
    root.add_option(option, path, description)->envname(variable)->type_name("FILE");
  };
  file("--ca", connection.ca, "ALOHA_CA", "PEM file: who may vouch for HOST");
  file("--cert", connection.cert, "ALOHA_CERT", "PEM file: certificate to show to HOST");
  file("--key", connection.key, "ALOHA_KEY", "PEM file: its private key");
  file("--token-file", connection.token_file, "ALOHA_TOKEN_FILE",
       "File with a token (alohactl token create): call with its rights");
  const std::map<std::string, Format> formats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"textproto", Format::kTextproto}};
  root.add_option("-o,--output", format, "table, json or textproto")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case).description(""));
  root.add_option("--timeout", connection.timeout_s,
                  "Seconds that a call may take (60), or a --wait")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("SECONDS");
}

// CLI11 finds the missing verb before the misspelt one; people are better helped the other way
// round.
std::string FailureMessage(const CLI::App* app, const CLI::Error& error) {
  const std::vector<std::string> unknown = app->remaining();
  std::string what = error.what();
  if (!unknown.empty()) what = fmt::format("\"{}\" is not understood here", unknown.front());
  return fmt::format(
      "alohactl: {}\nalohactl --help, alohactl NOUN --help and alohactl NOUN VERB --help say "
      "more\n",
      what);
}

void AddNouns(Command& command) {
  AddStatus(command);
  AddService(command);
  AddConfig(command);
  AddCertificate(command);
  AddTrustAnchor(command);
  AddVirtualService(command);
  AddServer(command);
  AddStats(command);
  AddSession(command);
  AddPersistence(command);
  AddWorker(command);
  AddEvent(command);
  AddLog(command);
  AddSystem(command);
  AddVrrp(command);
  AddNetwork(command);
  AddConsole(command);
  AddUser(command);
  AddToken(command);
  AddLicense(command);
  AddFirmware(command);
  AddBackup(command);
  AddCompletion(command);
}

}  // namespace

int RunProgram(std::vector<std::string> arguments, std::ostream& out, std::ostream& err,
               bool terminal) {
  CLI::App root("Manages the Aloha load balancer.", "alohactl");
  ConnectionOptions connection;
  Format format = Format::kTable;
  root.require_subcommand(1);
  root.set_version_flag("--version", "alohactl " ALOHA_VERSION);
  root.footer(
      "Exit codes: 0 done, 1 refused, 2 usage, 3 cannot reach the supervisor.\n"
      "Example:\n  alohactl status");
  root.failure_message(FailureMessage);
  AddGlobalOptions(root, connection, format);
  Command command{.root = &root, .action = nullptr};
  AddNouns(command);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    root.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return root.exit(error, out, err) == 0 ? kDone : kUsage;
  }
  if (std::string wrong = CheckConnectionOptions(connection); !wrong.empty()) {
    err << "alohactl: " << wrong << "\n";
    return kUsage;
  }
  Output output(out, err, terminal);
  output.set_format(format);
  Client client(std::move(connection), output);
  int code = command.action(client);
  out << std::flush;
  return code;
}

}  // namespace aloha::cli
