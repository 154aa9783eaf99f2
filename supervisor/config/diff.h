// The difference of two texts.
#ifndef ALOHA_SUPERVISOR_CONFIG_DIFF_H_
#define ALOHA_SUPERVISOR_CONFIG_DIFF_H_

#include <string>
#include <string_view>

namespace aloha::supervisor {

// A unified diff with three lines of context, as diff(1) -u makes it; empty when the texts are
// equal. Where large parts differ, lines may be shown as replaced that a slower search would match.
std::string UnifiedDiff(std::string_view old_text, std::string_view new_text,
                        std::string_view old_name, std::string_view new_name);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_DIFF_H_
