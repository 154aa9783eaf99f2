// The part of the configurator that keeps certificates and trust anchors.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/references.h"
#include "supervisor/config/state_file.h"
#include "supervisor/configurator.h"
#include "supervisor/facts.h"

namespace aloha::supervisor {

using config::v1::StoredCertificates;

Facts Configurator::facts() const { return GatherFacts(options_, input_.certificates); }

std::vector<std::string> Configurator::UsesOfCertificate(const std::string& name) const {
  return InEither(supervisor::UsesOfCertificate, name);
}

std::vector<std::string> Configurator::UsesOfTrustAnchor(const std::string& name) const {
  return InEither(supervisor::UsesOfTrustAnchor, name);
}

// What `uses` finds in the running configuration, then what only the saved one has.
std::vector<std::string> Configurator::InEither(UsesOf* uses, const std::string& name) const {
  std::vector<std::string> paths = uses(running_.config, name);
  if (!saved_) return paths;
  for (std::string& path : uses(saved_->config, name)) {
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

// Makes the self-signed certificates that the configuration is the first to need.
asio::awaitable<Result<>> Configurator::AddStandIns(const config::v1::Config& config,
                                                    CompileInput& input) {
  const std::vector<std::string> lacking = LackingStandIns(config, input.certificates);
  if (lacking.empty()) co_return Result<>();
  for (const std::string& name : lacking) {
    Result<config::v1::StoredCertificate> made = co_await hooks_.stand_in(config, name);
    if (!made) co_return Fail(made.error().code, made.error().message, name);
    *input.certificates.add_certificate() = *made;
    if (&input != &input_) *input_.certificates.add_certificate() = std::move(*made);
  }
  // They stay, even when the change that asked for them does not.
  co_return WriteState(CertificatesPath(options_), input.certificates);
}

// Tells which listeners wait for a certificate, once.
void Configurator::ReportWaiting() {
  for (const std::string& text : compiled_.waiting) {
    if (std::find(told_waiting_.begin(), told_waiting_.end(), text) == told_waiting_.end()) {
      events_.Add(Event::ERROR, "certificate", "listener", text);
    }
  }
  told_waiting_ = compiled_.waiting;
}

asio::awaitable<Result<>> Configurator::ChangeCertificates(
    std::function<Result<>(StoredCertificates&)> change) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  CompileInput input = input_;
  if (const Result<> changed = change(input.certificates); !changed) co_return changed;
  Compiled next = Compile(running_.config, input);
  const auto keep = [&] { return WriteState(CertificatesPath(options_), input.certificates); };
  if (deployed_) {
    const Result<> deployed = co_await Deploy(next, keep);
    if (!deployed) co_return deployed;
  } else if (const Result<> kept = keep(); !kept) {
    co_return kept;
  }
  const bool waited = !deployed_;
  input_ = std::move(input);
  compiled_ = std::move(next);
  const Result<> reached = waited ? co_await Deploy(compiled_, {}) : Result<>();
  if (waited) deployed_ = reached.has_value();
  hooks_.deployed(reached);
  ReportWaiting();
  hooks_.changed();
  co_return Result<>();
}

}  // namespace aloha::supervisor
