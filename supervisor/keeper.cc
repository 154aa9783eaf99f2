#include "supervisor/keeper.h"

#include "supervisor/async.h"
#include "workers/system/keeper_client.h"

namespace aloha::supervisor {
namespace {

constexpr std::chrono::seconds kTimeout{5};

}  // namespace

asio::awaitable<Result<pid_t>> Keeper::Launch(const Role&, const std::string&,
                                              const std::vector<std::string>& arguments,
                                              Inheritance inheritance) {
  const auto sent =
      SendStart(socket_.get(), inheritance.control.get(), inheritance.journal.get(), arguments);
  if (!sent) co_return tl::make_unexpected(sent.error());
  while (co_await WaitReadable(socket_.get(), kTimeout)) {
    const Result<KeeperReport> report = ReceiveReport(socket_.get());
    if (!report) co_return tl::make_unexpected(report.error());
    // Ends of earlier workers wait here too; their pidfds have told of them already.
    if (report->kind == KeeperReport::Kind::kStarted) co_return report->pid;
    if (report->kind == KeeperReport::Kind::kFailed) {
      co_return Fail(Code::kInternal, "the keeper cannot start aloha-system: " + report->reason);
    }
  }
  co_return Fail(Code::kDeadlineExceeded, "the keeper does not answer");
}

}  // namespace aloha::supervisor
