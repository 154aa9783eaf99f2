#include "supervisor/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace aloha::supervisor {
namespace {

// gRPC takes a comma in the name of a socket for the end of it.
std::string NameableByClients(const std::string& folder) {
  return folder.find(',') == std::string::npos ? "" : "the path must have no comma";
}

}  // namespace

int ParseOptions(int argc, char** argv, Options* options) {
  CLI::App app("Supervises the workers of Aloha, a load balancer for Exchange and mail.",
               "aloha-supervisor");
  app.set_version_flag("--version", "aloha-supervisor " ALOHA_VERSION);
  app.add_option("--config", options->config, "Configuration file; never written")
      ->capture_default_str();
  app.add_option("--state-dir", options->state_dir,
                 "What survives a boot: saved configuration, history, events")
      ->capture_default_str();
  app.add_option("--run-dir", options->run_dir,
                 "What a boot empties: sockets, running configuration")
      ->check(NameableByClients)
      ->capture_default_str();
  app.add_option("--user", options->user,
                 "As root: the user to become (default: aloha, else nobody)");
  app.add_option("--log-level", options->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", options->log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_flag("--check", options->check, "Validate the configuration file and leave with 0 or 1");
  app.add_flag("--config-authoritative", options->config_authoritative,
               "The file wins at every start; saving is refused");
  app.add_option("--secrets-dir", options->secrets_dir,
                 "Folder below which certificate_file paths lie");
  app.add_option("--license-keys", options->license_keys,
                 "Folder with the public keys of those whose licences are taken, NAME.pem")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::error_code error;
  options->binary_dir =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  return -1;
}

}  // namespace aloha::supervisor
