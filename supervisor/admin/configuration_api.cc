#include "supervisor/admin/configuration_api.h"

#include <fmt/format.h>

#include "supervisor/admin/findings.h"
#include "supervisor/backup/backups.h"
#include "supervisor/config/diff.h"
#include "supervisor/config/factory.h"
#include "supervisor/config/print.h"
#include "supervisor/facts.h"
#include "supervisor/peers/peers.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

template <typename List>
void AddSteps(const std::vector<PlanStep>& steps, List* out) {
  for (const PlanStep& step : steps) {
    v1::PlanStep* added = out->Add();
    added->set_kind(PlanKindName(step.kind));
    added->set_virtual_service(step.service);
    added->set_text(step.text);
  }
}

Result<ParsedConfig> Check(const AdminContext& context, const v1::ConfigSource& source) {
  const Facts facts = context.configuration.facts();
  switch (source.source_case()) {
    case v1::ConfigSource::kText:
      return CheckConfig(source.text(), facts);
    case v1::ConfigSource::kConfig: {
      ParsedConfig checked;
      checked.config = source.config();
      checked.problems = Validate(checked.config, facts);
      return checked;
    }
    case v1::ConfigSource::SOURCE_NOT_SET:
      break;
  }
  return Fail(Code::kInvalidArgument, "text or config is needed", "source");
}

Result<> Answer(const Result<Configurator::Applied>& applied, v1::ApplyConfigResponse* response) {
  if (!applied) return tl::make_unexpected(applied.error());
  response->set_version(applied->version);
  AddSteps(applied->steps, response->mutable_steps());
  *response->mutable_event() = applied->event;
  response->set_confirm_within_s(static_cast<uint32_t>(applied->confirm_within.count()));
  return {};
}

asio::awaitable<Result<Configurator::Applied>> Erase(AdminContext& context, Caller& caller) {
  const auto nodes = co_await context.peers.List();
  // Without high availability nothing goes to another node.
  if (!nodes && nodes.error().code != Code::kFailedPrecondition) {
    co_return tl::make_unexpected(nodes.error());
  }
  if (nodes && nodes->has_peer()) {
    caller.detail.set_remedy("end the pairing first: alohactl vrrp pair --remove");
    co_return Fail(Code::kFailedPrecondition,
                   "this node is paired, and the other one would be erased with it");
  }
  Backups::Who who{caller.actor, caller.method};
  co_return co_await context.backups.Erase(std::move(who));
}

v1::Area Describe(const CompiledArea& area) {
  v1::Area out;
  out.set_name(area.name);
  out.set_state(area.state == AreaState::kOk           ? v1::Area::OK
                : area.state == AreaState::kIncomplete ? v1::Area::INCOMPLETE
                                                       : v1::Area::DISABLED);
  out.set_reason(area.reason);
  for (const std::string& service : area.services) out.add_virtual_services(service);
  return out;
}

v1::Version Describe(const Configurator& configuration, const config::v1::VersionInfo& info) {
  v1::Version version;
  version.set_version(info.number());
  version.set_time_us(info.time_us());
  version.set_actor(info.user());
  version.set_note(info.note());
  version.set_origin(info.source());
  version.set_running(info.number() == configuration.running().info.number());
  version.set_saved(info.number() == configuration.saved_version());
  return version;
}

}  // namespace

v1::ConfigurationState DescribeConfiguration(const AdminContext& context) {
  const Configurator& configuration = context.configuration;
  v1::ConfigurationState state;
  *state.mutable_running() = Describe(configuration, configuration.running().info);
  state.set_unsaved_changes(configuration.unsaved_changes());
  const auto confirm = configuration.ConfirmWithin();
  state.set_confirm_within_s(confirm ? static_cast<uint32_t>(confirm->count()) : 0);
  for (const CompiledArea& area : configuration.compiled().areas)
    *state.add_areas() = Describe(area);
  state.set_authoritative(configuration.authoritative());
  return state;
}

grpc::ServerUnaryReactor* ConfigurationApi::GetConfig(grpc::CallbackServerContext* call,
                                                      const v1::GetConfigRequest* request,
                                                      v1::GetConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Configuration/GetConfig",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     co_return Get(*request, response);
                   });
}

Result<> ConfigurationApi::Get(const v1::GetConfigRequest& request,
                               v1::GetConfigResponse* response) const {
  const Configurator& configuration = context_.configuration;
  Result<ConfigVersion> version = configuration.running();
  if (request.version() != 0) {
    version = configuration.store().ReadVersion(request.version());
  } else if (request.saved()) {
    version = configuration.store().ReadSaved();
    if (!version && version.error().code == Code::kNotFound) {
      return Fail(Code::kNotFound, "nothing is saved yet; alohactl config save does");
    }
  }
  if (!version) return tl::make_unexpected(version.error());
  *response->mutable_config() = version->config;
  response->set_text(PrintText(version->config));
  response->set_version(version->info.number());
  response->set_unsaved_changes(configuration.unsaved_changes());
  const auto confirm = configuration.ConfirmWithin();
  response->set_confirm_within_s(confirm ? static_cast<uint32_t>(confirm->count()) : 0);
  for (const CompiledArea& area : configuration.compiled().areas)
    *response->add_areas() = Describe(area);
  return {};
}

grpc::ServerUnaryReactor* ConfigurationApi::ValidateConfig(grpc::CallbackServerContext* call,
                                                           const v1::ValidateConfigRequest* request,
                                                           v1::ValidateConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Configuration/ValidateConfig",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto checked = Check(context_, request->source());
                     if (!checked) co_return tl::make_unexpected(checked.error());
                     AddFindings(checked->problems, response->mutable_findings());
                     response->set_valid(!HasErrors(checked->problems));
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* ConfigurationApi::PlanConfig(grpc::CallbackServerContext* call,
                                                       const v1::PlanConfigRequest* request,
                                                       v1::PlanConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Configuration/PlanConfig",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto checked = Check(context_, request->source());
                     if (!checked) co_return tl::make_unexpected(checked.error());
                     AddFindings(checked->problems, response->mutable_findings());
                     if (!HasErrors(checked->problems)) {
                       AddSteps(context_.configuration.PlanFor(checked->config),
                                response->mutable_steps());
                     }
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* ConfigurationApi::ApplyConfig(grpc::CallbackServerContext* call,
                                                        const v1::ApplyConfigRequest* request,
                                                        v1::ApplyConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Configuration/ApplyConfig",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     auto checked = Check(context_, request->source());
                     if (!checked) co_return tl::make_unexpected(checked.error());
                     if (HasErrors(checked->problems)) co_return Refused(checked->problems, caller);
                     AddFindings(checked->problems, response->mutable_findings());
                     Configurator::Change change;
                     change.config = std::move(checked->config);
                     change.actor = caller.actor;
                     change.method = caller.method;
                     change.note = EscapeForLog(request->note());
                     change.confirm_within = std::chrono::seconds(request->confirm_within_s());
                     change.save = request->save();
                     change.expected_version = request->expected_version();
                     co_return Answer(co_await context_.configuration.Apply(std::move(change)),
                                      response);
                   });
}

grpc::ServerUnaryReactor* ConfigurationApi::ConfirmConfig(grpc::CallbackServerContext* call,
                                                          const v1::ConfirmConfigRequest*,
                                                          v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Configuration/ConfirmConfig",
      [this, response](Caller& caller) -> asio::awaitable<Result<>> {
        const auto done = co_await context_.configuration.Confirm();
        if (!done) co_return done;
        FillEvent(context_.events.Add(
                      Event::INFO, "config",
                      fmt::format("version {}", context_.configuration.running().info.number()),
                      "confirmed", caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* ConfigurationApi::SaveConfig(grpc::CallbackServerContext* call,
                                                       const v1::SaveConfigRequest*,
                                                       v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Configuration/SaveConfig",
      [this, response](Caller& caller) -> asio::awaitable<Result<>> {
        if (auto done = context_.configuration.Save(); !done) co_return done;
        FillEvent(context_.events.Add(
                      Event::INFO, "config",
                      fmt::format("version {}", context_.configuration.running().info.number()),
                      "saved", caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* ConfigurationApi::ListVersions(grpc::CallbackServerContext* call,
                                                         const v1::ListVersionsRequest* request,
                                                         v1::ListVersionsResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Configuration/ListVersions",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const Configurator& configuration = context_.configuration;
                     co_return Page(configuration.store().List(), request->page_size(),
                                    request->page_token(), response->mutable_next_page_token(),
                                    [&](const config::v1::VersionInfo& info) {
                                      *response->add_versions() = Describe(configuration, info);
                                    });
                   });
}

// The canonical text of a version; of the saved or the running configuration for 0.
Result<std::string> ConfigurationApi::TextOf(uint64_t version, bool saved_when_zero) const {
  const Configurator& configuration = context_.configuration;
  if (version == 0 && !saved_when_zero) return PrintText(configuration.running().config);
  const auto read =
      version == 0 ? configuration.store().ReadSaved() : configuration.store().ReadVersion(version);
  if (read) return PrintText(read->config);
  if (version == 0 && read.error().code == Code::kNotFound) return std::string();
  return tl::make_unexpected(read.error());
}

grpc::ServerUnaryReactor* ConfigurationApi::DiffVersions(grpc::CallbackServerContext* call,
                                                         const v1::DiffVersionsRequest* request,
                                                         v1::DiffVersionsResponse* response) {
  return ServeCall(
      context_, call, CallKind::kRead, "Configuration/DiffVersions",
      [this, request, response](Caller&) -> asio::awaitable<Result<>> {
        const uint64_t from = request->from_version(), to = request->to_version();
        const auto old_text = TextOf(from, true);
        if (!old_text) co_return tl::make_unexpected(old_text.error());
        const auto new_text = TextOf(to, false);
        if (!new_text) co_return tl::make_unexpected(new_text.error());
        response->set_diff(UnifiedDiff(*old_text, *new_text,
                                       from == 0 ? "saved" : fmt::format("version {}", from),
                                       to == 0 ? "running" : fmt::format("version {}", to)));
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* ConfigurationApi::RollbackConfig(grpc::CallbackServerContext* call,
                                                           const v1::RollbackConfigRequest* request,
                                                           v1::ApplyConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Configuration/RollbackConfig",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     co_return Answer(co_await context_.configuration.Rollback(
                                          request->version(), caller.actor, caller.method),
                                      response);
                   });
}

grpc::ServerUnaryReactor* ConfigurationApi::ResetConfig(grpc::CallbackServerContext* call,
                                                        const v1::ResetConfigRequest* request,
                                                        v1::ApplyConfigResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Configuration/ResetConfig",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     if (request->erase()) {
                       const auto erased = co_await Erase(context_, caller);
                       co_return Answer(erased, response);
                     }
                     Configurator::Change change;
                     change.config = FactoryConfig();
                     change.actor = caller.actor;
                     change.method = caller.method;
                     change.origin = "factory reset";
                     co_return Answer(co_await context_.configuration.Apply(std::move(change)),
                                      response);
                   });
}

}  // namespace aloha::supervisor
