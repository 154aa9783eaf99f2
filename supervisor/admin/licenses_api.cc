#include "supervisor/admin/licenses_api.h"

#include <fmt/format.h>

#include <utility>

#include "supervisor/access/wall_time.h"
#include "supervisor/licenses/licenses.h"
#include "supervisor/licenses/watch.h"
#include "supervisor/machine/hardware.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

int64_t NowSeconds() { return WallMicroseconds() / 1'000'000; }

v1::LicenseRequestData DescribeMachine(const Hardware& hardware) {
  v1::LicenseRequestData data;
  data.set_uuid(hardware.uuid);
  data.set_ethid(hardware.ethid);
  data.set_text(fmt::format("Version: {}\nModel: {}\nUUID: {}\nETHID: {}\n", ALOHA_VERSION,
                            hardware.model, hardware.uuid, hardware.ethid));
  return data;
}

}  // namespace

grpc::ServerUnaryReactor* LicensesApi::ListLicenses(grpc::CallbackServerContext* call,
                                                    const v1::ListLicensesRequest* request,
                                                    v1::ListLicensesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Licenses/ListLicenses",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const int64_t now = NowSeconds();
                     response->set_licensing(context_.licenses.StateAt(now));
                     *response->mutable_request_data() = DescribeMachine(context_.hardware);
                     for (const IssuerKey& key : context_.licenses.keys())
                       response->add_issuers(key.name);
                     co_return Page(
                         context_.licenses.List(now), request->page_size(), request->page_token(),
                         response->mutable_next_page_token(),
                         [&](const v1::License& one) { *response->add_licenses() = one; });
                   });
}

grpc::ServerUnaryReactor* LicensesApi::AddLicense(grpc::CallbackServerContext* call,
                                                  const v1::AddLicenseRequest* request,
                                                  v1::LicenseChange* response) {
  return ServeCall(context_, call, CallKind::kChange, "Licenses/AddLicense",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     auto added = context_.licenses.Add(request->file(), NowSeconds());
                     if (!added) co_return tl::make_unexpected(added.error());
                     *response->mutable_event() = context_.events.Add(
                         Event::INFO, "license", added->serial(),
                         fmt::format("taken in: for {}, {} unit{}", EscapeForLog(added->owner()),
                                     added->units(), added->units() == 1 ? "" : "s"),
                         caller.actor, caller.method);
                     *response->mutable_license() = std::move(*added);
                     TellLicensing(context_.licenses, context_.events);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* LicensesApi::RemoveLicense(grpc::CallbackServerContext* call,
                                                     const v1::RemoveLicenseRequest* request,
                                                     v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Licenses/RemoveLicense",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     if (auto removed = context_.licenses.Remove(request->serial()); !removed) {
                       co_return removed;
                     }
                     FillEvent(context_.events.Add(Event::INFO, "license", request->serial(),
                                                   "removed", caller.actor, caller.method),
                               response);
                     TellLicensing(context_.licenses, context_.events);
                     co_return Result<>();
                   });
}

}  // namespace aloha::supervisor
