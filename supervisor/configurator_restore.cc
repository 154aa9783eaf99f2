// The part of the configurator that restores a backup.
#include <fmt/format.h>

#include <utility>

#include "supervisor/config/print.h"
#include "supervisor/config/references.h"
#include "supervisor/configurator.h"
#include "supervisor/facts.h"

namespace aloha::supervisor {

Configurator::Whole Configurator::WholeOf(const Restoration& restoration) const {
  Whole whole;
  whole.change.config = restoration.config;
  whole.change.actor = restoration.actor;
  whole.change.method = restoration.method;
  whole.change.note = restoration.note;
  whole.change.origin = restoration.origin;
  whole.change.back = restoration.final;
  whole.change.save =
      restoration.final ||
      (restoration.saved && PrintText(restoration.saved->config) == PrintText(restoration.config));
  whole.text = restoration.origin;
  whole.input = InputFor(restoration.config, whole.failures);
  whole.input.certificates = restoration.certificates(whole.input.certificates);
  whole.input.states = restoration.states;
  if (!restoration.secret.empty()) whole.input.secret = restoration.secret;
  return whole;
}

std::vector<Problem> Configurator::CheckRestore(const Restoration& restoration) const {
  const auto refuse = [](std::string why) {
    Problem problem;
    problem.message = std::move(why);
    return std::vector<Problem>{std::move(problem)};
  };
  if (pending_) {
    return refuse("a change waits for confirmation; confirm it or roll back first");
  }
  const std::string text = PrintText(restoration.config);
  if (options_.config_authoritative && text != PrintText(running_.config)) {
    return refuse(
        fmt::format("{} is authoritative (--config-authoritative), and says something "
                    "else than the backup",
                    options_.config));
  }
  const auto facts = GatherFacts(options_, WholeOf(restoration).input.certificates);
  return CheckConfig(text, facts).problems;
}

std::vector<PlanStep> Configurator::PlanRestore(const Restoration& restoration) const {
  const Whole whole = WholeOf(restoration);
  CompileInput input = whole.input;
  // They would be made; any contents stand for them.
  for (const std::string& name : LackingStandIns(whole.change.config, input.certificates))
    input.certificates.add_certificate()->set_name(name);
  return Plan(compiled_, Compile(whole.change.config, input));
}

Result<> Configurator::SaveOther(uint64_t number) {
  auto version = store_->ReadVersion(number);
  if (!version) return tl::make_unexpected(version.error());
  if (auto saved = store_->Save(*version); !saved) return saved;
  saved_ = std::move(*version);
  return {};
}

asio::awaitable<Result<Configurator::Applied>> Configurator::Restore(
    Restoration restoration, std::function<Result<>()> begin) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  for (const Problem& problem : CheckRestore(restoration)) {
    if (problem.severity == Severity::kError)
      co_return Fail(Code::kInvalidArgument, FormatProblem(problem));
  }
  Whole whole = WholeOf(restoration);
  const bool same = whole.change.save;
  const bool another = PrintText(restoration.config) != PrintText(running_.config);
  const uint64_t newest = store_->newest(), number = running_.info.number();
  // The saved one last: its number is the one that is asked for.
  std::vector<ConfigVersion> history = std::move(restoration.history);
  if (restoration.saved) history.push_back(*restoration.saved);
  std::vector<uint64_t> numbers;
  const auto adopt = [&]() -> Result<> {
    if (auto begun = begin(); !begun) return begun;
    auto adopted = store_->Adopt(history);
    if (!adopted) return tl::make_unexpected(adopted.error());
    numbers = std::move(*adopted);
    // Of what came in between, none leads back: what ran is kept once more.
    return another && store_->newest() != number ? store_->Keep(running_) : Result<>();
  };
  const auto applied = co_await AdoptLocked(std::move(whole), adopt);
  if (!applied) {
    store_->ForgetAbove(newest);
    running_.info.set_number(number);
    co_return applied;
  }
  Result<> saved;
  if (options_.config_authoritative) {
    // The file is what is saved.
  } else if (pending_) {
    // What waits for confirmation is saved when it is confirmed.
    if (!same && restoration.saved) {
      pending_->save_other = numbers.back();
      saved = StorePending(pending_);
    }
  } else if (same) {
    saved = Save();
  } else if (restoration.saved) {
    saved = SaveOther(numbers.back());
  }
  if (!saved) events_.Add(Event::ERROR, "config", "saved configuration", saved.error().message);
  if (restoration.final) store_->ForgetOthers(running_.info.number());
  hooks_.changed();
  co_return applied;
}

}  // namespace aloha::supervisor
