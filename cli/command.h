// How nouns and verbs hang on the command line: each noun's file adds itself to the tree, each verb
// leaves the action that runs when it was chosen.
#ifndef ALOHA_CLI_COMMAND_H_
#define ALOHA_CLI_COMMAND_H_

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "cli/client.h"

namespace aloha::cli {

// What a verb does: returns the exit code, having printed everything.
using Action = std::function<int(Client&)>;

// The tree while it is built, and the verb that was chosen.
struct Command {
  CLI::App* root = nullptr;
  Action action;

  // Adds a noun that needs a verb; `example` is one command line that its help shows.
  CLI::App* Noun(const std::string& name, const std::string& description,
                 const std::string& example);

  // Adds a verb to `noun` (or a noun without verbs to the root). `run` may hold the shared_ptr that
  // the caller bound to the verb's options: it runs after everything was parsed.
  CLI::App* Verb(CLI::App* noun, const std::string& name, const std::string& description,
                 Action run);
};

// One function per noun; each adds the noun and its verbs.
void AddStatus(Command& command);
void AddService(Command& command);
void AddConfig(Command& command);
void AddCertificate(Command& command);
void AddTrustAnchor(Command& command);
void AddVirtualService(Command& command);
void AddServer(Command& command);
void AddStats(Command& command);
void AddSession(Command& command);
void AddPersistence(Command& command);
void AddWorker(Command& command);
void AddVrrp(Command& command);
void AddEvent(Command& command);
void AddLog(Command& command);
void AddSystem(Command& command);
// Its verb pair.
void AddPairing(Command& command, CLI::App* vrrp);
void AddNetwork(Command& command);
void AddConsole(Command& command);
void AddUser(Command& command);
void AddToken(Command& command);
void AddLicense(Command& command);
void AddFirmware(Command& command);
void AddBackup(Command& command);
void AddCompletion(Command& command);

// Prints what happened: "mail: certificate imported".
void PrintEvent(Output& output, const admin::Event& event);

// Prints what a change did: the event's text, or the response as JSON or text format. Returns
// kDone.
int PrintChange(Client& client, const admin::ChangeResponse& response);

// `config save`, which `system save` is as well. Returns the exit code.
int SaveConfig(Client& client);

// On a terminal asks `question` and reads y or n; elsewhere there is nobody to ask, and the answer
// is no.
bool Confirmed(Client& client, const std::string& question);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_COMMAND_H_
