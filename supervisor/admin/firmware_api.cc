#include "supervisor/admin/firmware_api.h"

#include "supervisor/firmware/firmware.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;

grpc::ServerUnaryReactor* FirmwareApi::GetFirmware(grpc::CallbackServerContext* call,
                                                   const v1::GetFirmwareRequest*,
                                                   v1::FirmwareState* response) {
  return ServeCall(context_, call, CallKind::kRead, "Firmware/GetFirmware",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     v1::FirmwareState state = co_await context_.firmware.Get();
                     *response = std::move(state);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* FirmwareApi::UploadFirmware(grpc::CallbackServerContext* call,
                                                      const v1::UploadFirmwareRequest* request,
                                                      v1::UploadFirmwareResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Firmware/UploadFirmware",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     caller.part = request->offset() > 0;
                     const Result<uint64_t> taken = co_await context_.firmware.TakePiece(*request);
                     if (!taken) co_return tl::make_unexpected(taken.error());
                     response->set_received_bytes(*taken);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* FirmwareApi::InstallFirmware(grpc::CallbackServerContext* call,
                                                       const v1::InstallFirmwareRequest* request,
                                                       v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Firmware/InstallFirmware",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     Firmware::Who who{caller.actor, caller.method};
                     const Result<Event> begun = co_await context_.firmware.Install(
                         request->allow_downgrade(), std::move(who));
                     if (!begun) co_return tl::make_unexpected(begun.error());
                     FillEvent(*begun, response);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* FirmwareApi::RollbackFirmware(grpc::CallbackServerContext* call,
                                                        const v1::RollbackFirmwareRequest*,
                                                        v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Firmware/RollbackFirmware",
                   [this, response](Caller& caller) -> asio::awaitable<Result<>> {
                     Firmware::Who who{caller.actor, caller.method};
                     const Result<Event> done = co_await context_.firmware.Rollback(std::move(who));
                     if (!done) co_return tl::make_unexpected(done.error());
                     FillEvent(*done, response);
                     co_return Result<>();
                   });
}

}  // namespace aloha::supervisor
