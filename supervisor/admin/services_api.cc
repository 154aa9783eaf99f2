#include "supervisor/admin/services_api.h"

#include "supervisor/services.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

// A change that worked becomes an event and the answer.
Result<> Done(AdminContext& context, const Caller& caller, const std::string& service,
              std::string text, const Result<>& result, v1::ChangeResponse* response) {
  if (!result) return result;
  FillEvent(context.events.Add(Event::INFO, "service", service, std::move(text), caller.actor,
                               caller.method),
            response);
  return {};
}

}  // namespace

grpc::ServerUnaryReactor* ServicesApi::ListServices(grpc::CallbackServerContext* call,
                                                    const v1::ListServicesRequest* request,
                                                    v1::ListServicesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Services/ListServices",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     co_return Page(
                         context_.services.List(), request->page_size(), request->page_token(),
                         response->mutable_next_page_token(),
                         [&](const v1::Service& service) { *response->add_services() = service; });
                   });
}

grpc::ServerUnaryReactor* ServicesApi::StartService(grpc::CallbackServerContext* call,
                                                    const v1::StartServiceRequest* request,
                                                    v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOperate, "Services/StartService",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> result = co_await context_.services.Start(request->name());
                     co_return Done(context_, caller, request->name(), "started", result, response);
                   });
}

grpc::ServerUnaryReactor* ServicesApi::StopService(grpc::CallbackServerContext* call,
                                                   const v1::StopServiceRequest* request,
                                                   v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOperate, "Services/StopService",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> result = co_await context_.services.Stop(
                         request->name(), request->now(), caller.actor);
                     const char* text = request->now() ? "stopped at once"
                                                       : "stopped; live sessions drain for 30 s";
                     if (request->name() == "stunnel")
                       text = "stopped; sessions that it handed over live on";
                     co_return Done(context_, caller, request->name(), text, result, response);
                   });
}

grpc::ServerUnaryReactor* ServicesApi::RestartService(grpc::CallbackServerContext* call,
                                                      const v1::RestartServiceRequest* request,
                                                      v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOperate, "Services/RestartService",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> result = co_await context_.services.Restart(request->name());
                     co_return Done(context_, caller, request->name(), "restarted", result,
                                    response);
                   });
}

grpc::ServerUnaryReactor* ServicesApi::ReloadService(grpc::CallbackServerContext* call,
                                                     const v1::ReloadServiceRequest* request,
                                                     v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOperate, "Services/ReloadService",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> result = co_await context_.services.Reload(request->name());
                     co_return Done(context_, caller, request->name(), "reloaded", result,
                                    response);
                   });
}

grpc::ServerUnaryReactor* ServicesApi::SetStartMode(grpc::CallbackServerContext* call,
                                                    const v1::SetStartModeRequest* request,
                                                    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "Services/SetStartMode",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        if (request->start_mode() == v1::Service::START_MODE_UNSPECIFIED) {
          co_return Fail(Code::kInvalidArgument, "AUTO or MANUAL", "start_mode");
        }
        const bool automatic = request->start_mode() == v1::Service::AUTO;
        const Result<> result = context_.services.SetStartMode(request->name(), automatic);
        co_return Done(context_, caller, request->name(),
                       automatic ? "starts by itself" : "starts by hand", result, response);
      });
}

}  // namespace aloha::supervisor
