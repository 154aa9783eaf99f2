#include "supervisor/vrrp/news.h"

#include <fmt/format.h>

#include <algorithm>

namespace aloha::supervisor {
namespace {

using worker::v1::VirtualRouterState;
using worker::v1::VrrpState;
using worker::v1::VrrpTransition;

const VirtualRouterState* Find(const VrrpState& state, const std::string& name) {
  for (const VirtualRouterState& router : state.routers()) {
    if (router.name() == name) return &router;
  }
  return nullptr;
}

bool IsSame(const VrrpTransition& a, const VrrpTransition& b) {
  return a.time_us() == b.time_us() && a.from() == b.from() && a.to() == b.to();
}

// Those of the history that are new, oldest first.
std::vector<VrrpTransition> NewTransitions(const VirtualRouterState* before,
                                           const VirtualRouterState& now, int64_t told_until_us) {
  std::vector<VrrpTransition> fresh;
  for (const VrrpTransition& transition : now.history()) {
    const bool told = before == nullptr
                          ? transition.time_us() <= told_until_us
                          : before->history_size() > 0 && IsSame(before->history(0), transition);
    if (told) break;
    fresh.push_back(transition);
  }
  std::reverse(fresh.begin(), fresh.end());
  return fresh;
}

VrrpNews TransitionNews(const std::string& router, const VrrpTransition& transition) {
  VrrpNews news{.router = router, .entered = VrrpStateName(transition.to())};
  if (transition.to() == VirtualRouterState::FAULT) {
    news.severity = Event::ERROR;
  } else if (transition.from() == VirtualRouterState::MASTER) {
    news.severity = Event::WARNING;
  }
  const std::string from = VrrpStateName(transition.from());
  news.text = fmt::format("{}{}: {}", from.empty() ? "" : from + " to ", news.entered,
                          EscapeForLog(transition.why()));
  return news;
}

constexpr char kTwoMasters[] =
    "another node says that it is master too: they do not hear each other, or do not agree";

}  // namespace

std::string VrrpStateName(VirtualRouterState::State state) {
  switch (state) {
    case VirtualRouterState::FAULT:
      return "FAULT";
    case VirtualRouterState::BACKUP:
      return "BACKUP";
    case VirtualRouterState::MASTER:
      return "MASTER";
    default:
      return "";
  }
}

std::vector<VrrpNews> NewsOf(const VrrpState& before, const VrrpState& now, int64_t told_until_us) {
  std::vector<VrrpNews> news;
  for (const VirtualRouterState& router : now.routers()) {
    const VirtualRouterState* old = Find(before, router.name());
    for (const VrrpTransition& transition : NewTransitions(old, router, told_until_us)) {
      news.push_back(TransitionNews(router.name(), transition));
    }
    const bool had_two = old != nullptr && old->two_masters();
    if (router.two_masters() != had_two) {
      news.push_back({had_two ? Event::INFO : Event::ERROR, router.name(),
                      had_two ? "one master again" : kTwoMasters, ""});
    }
    const std::string problem = old == nullptr ? "" : old->problem();
    if (router.problem() == problem) continue;
    if (router.problem().empty()) {
      news.push_back({Event::INFO, router.name(), "the addresses could be set", ""});
    } else {
      news.push_back({Event::ERROR, router.name(), EscapeForLog(router.problem()), ""});
    }
  }
  return news;
}

std::string TroubleOf(const VrrpState& state) {
  for (const VirtualRouterState& router : state.routers()) {
    if (!router.problem().empty()) {
      return fmt::format("{}: {}", router.name(), EscapeForLog(router.problem()));
    }
    if (router.two_masters()) return fmt::format("{}: {}", router.name(), kTwoMasters);
    if (router.state() == VirtualRouterState::FAULT) {
      return fmt::format("{}: FAULT: {}", router.name(), EscapeForLog(router.why()));
    }
  }
  return {};
}

}  // namespace aloha::supervisor
