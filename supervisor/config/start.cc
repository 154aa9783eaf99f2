#include "supervisor/config/start.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/factory.h"

namespace aloha::supervisor {
namespace {

class Chooser {
 public:
  Chooser(const ConfigStore& store, const StartOptions& options)
      : store_(store), options_(options) {}

  StartChoice Run() {
    if (!Find()) {
      choice_.version.config = FactoryConfig();
      choice_.version.info.set_source("factory");
      choice_.origin = StartOrigin::kFactory;
    }
    if (passed_over_) choice_.events.push_back(fmt::format("{} runs instead", Describe()));
    return std::move(choice_);
  }

 private:
  bool Find() {
    if (options_.authoritative && File()) return true;
    // The newest version of the history is what ran when the running one is broken, and the best
    // guess when the saved one is. With nothing kept and nothing broken this is the first start:
    // versions that were applied and never saved ended with the boot.
    return Try(StartOrigin::kRunning, "the running configuration", store_.ReadRunning()) ||
           (passed_over_ && History()) ||
           Try(StartOrigin::kSaved, "the saved configuration", store_.ReadSaved()) ||
           (passed_over_ && History()) || (!options_.authoritative && File()) || History();
  }

  bool History() {
    for (const uint64_t number : store_.Numbers()) {
      if (Try(StartOrigin::kHistory, fmt::format("version {}", number),
              store_.ReadVersion(number))) {
        return true;
      }
    }
    return false;
  }

  // FILE is text of a person: it is parsed with line and column, and reported in full.
  bool File() {
    const auto text = ReadConfigFile(options_.file);
    if (!text) {
      PassOver(text.error().message);
      return false;
    }
    ParsedConfig parsed = CheckConfig(*text, options_.facts);
    if (HasErrors(parsed.problems)) {
      for (const Problem& problem : parsed.problems) {
        if (problem.severity == Severity::kError) {
          PassOver(fmt::format("{}:{}", options_.file, FormatProblem(problem)));
        }
      }
      return false;
    }
    choice_.version.config = std::move(parsed.config);
    choice_.version.info.set_source("file " + options_.file);
    choice_.version.info.set_note(choice_.version.config.version_note());
    choice_.origin = StartOrigin::kFile;
    return true;
  }

  // Takes a version that could be read and is still valid.
  bool Try(StartOrigin origin, const std::string& what, Result<ConfigVersion> version) {
    if (!version) {
      if (version.error().code != Code::kNotFound) PassOver(version.error().message);
      return false;
    }
    const auto problems = Validate(version->config, options_.facts);
    const auto error = std::find_if(problems.begin(), problems.end(), [](const Problem& p) {
      return p.severity == Severity::kError;
    });
    if (error != problems.end()) {
      PassOver(fmt::format("{} is not valid: {}: {}", what, error->path, error->message));
      return false;
    }
    choice_.version = std::move(*version);
    choice_.origin = origin;
    return true;
  }

  void PassOver(const std::string& why) {
    passed_over_ = true;
    choice_.events.push_back(why);
  }

  std::string Describe() const {
    const uint64_t number = choice_.version.info.number();
    switch (choice_.origin) {
      case StartOrigin::kRunning:
        return fmt::format("the running configuration (version {})", number);
      case StartOrigin::kSaved:
        return fmt::format("the saved configuration (version {})", number);
      case StartOrigin::kHistory:
        return fmt::format("version {} of the history", number);
      case StartOrigin::kFile:
        return options_.file;
      case StartOrigin::kFactory:
        break;
    }
    return "the factory configuration";
  }

  const ConfigStore& store_;
  const StartOptions& options_;
  StartChoice choice_;
  bool passed_over_ = false;
};

}  // namespace

StartChoice ChooseStart(const ConfigStore& store, const StartOptions& options) {
  // A lost error page is no reason to run another configuration: the built-in one stands in.
  StartOptions lenient = options;
  lenient.facts.read_page = nullptr;
  // Nor is another interface than there was.
  lenient.facts.interfaces.reset();
  return Chooser(store, lenient).Run();
}

}  // namespace aloha::supervisor
