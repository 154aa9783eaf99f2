#include "cli/command.h"

#include <unistd.h>

#include <iostream>

namespace aloha::cli {

CLI::App* Command::Noun(const std::string& name, const std::string& description,
                        const std::string& example) {
  CLI::App* noun = root->add_subcommand(name, description);
  noun->require_subcommand(1);
  noun->footer("Example:\n  " + example);
  noun->fallthrough();  // -o and --endpoint may stand behind the verb
  return noun;
}

CLI::App* Command::Verb(CLI::App* noun, const std::string& name, const std::string& description,
                        Action run) {
  CLI::App* verb = noun->add_subcommand(name, description);
  verb->fallthrough();
  verb->callback([this, run = std::move(run)] { action = run; });
  return verb;
}

void PrintEvent(Output& output, const admin::Event& event) {
  if (event.text().empty()) return;
  output.out() << (event.object().empty() ? "" : Printable(event.object()) + ": ")
               << Printable(event.text()) << "\n";
}

int PrintChange(Client& client, const admin::ChangeResponse& response) {
  Output& output = client.output();
  if (!output.Structured(response)) PrintEvent(output, response.event());
  return kDone;
}

bool Confirmed(Client& client, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0) return false;
  client.output().err() << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace aloha::cli
