// alohactl completion: shell completion made from the tree of nouns and verbs, so that it never
// lags behind. Names of servers, virtual services, certificates and workers come from the running
// supervisor.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <memory>
#include <set>

#include "cli/command.h"

namespace aloha::cli {
namespace {

// Shell text that prints one candidate a line for a positional or for the value of an option;
// empty: nothing is known.
std::string Candidates(const std::string& noun, const std::string& what) {
  if (what == "FILE" || what == "--ca" || what == "--cert" || what == "--key" || what == "--ocsp") {
    return "echo @files";
  }
  if (what == "-o" || what == "--output") return "printf '%s\\n' table json textproto";
  if (what == "--virtual-service") return "_alohactl_names virtual-service '$1'";
  if (what == "--server") return "_alohactl_names server '$2'";
  if (what == "SERVER") return "_alohactl_names server '$2, $1 \"/\" $2'";
  if (what == "--key-type") return "printf '%s\\n' ecdsa-p256 ecdsa-p384 rsa-2048 rsa-3072";
  if (what == "--role" || what == "ROLE") return "printf '%s\\n' monitor operator admin";
  if (what == "ID" && noun == "user") {
    return "alohactl --timeout 2 user sign-ins 2>/dev/null | awk 'NR > 1 { print $1 }'";
  }
  if (what == "SHELL") return "printf '%s\\n' bash zsh";
  if (what == "NAME" && noun == "service") return "printf '%s\\n' system vrrp haproxy stunnel";
  if (what == "NAME") return fmt::format("_alohactl_names {} '$1'", noun);
  return {};
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<const CLI::App*> Children(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Calls `visit` for every node of the tree with the words that lead to it.
void Walk(
    const CLI::App& app, const std::string& noun, const std::string& verb,
    const std::function<void(const CLI::App&, const std::string&, const std::string&)>& visit) {
  visit(app, noun, verb);
  for (const CLI::App* child : Children(app)) {
    Walk(*child, noun.empty() ? child->get_name() : noun, noun.empty() ? "" : child->get_name(),
         visit);
  }
}

// The arms of the three case statements below.
struct Arms {
  std::string valued;   // options that take a value
  std::string values;   // what those values may be
  std::string words;    // what may stand at a place of the tree
  std::string options;  // and which options
};

Arms MakeArms(const CLI::App& root) {
  Arms arms;
  std::set<std::string> valued;
  Walk(root, "", "", [&](const CLI::App& app, const std::string& noun, const std::string& verb) {
    std::vector<std::string> words;
    for (const CLI::App* child : Children(app)) words.push_back(child->get_name());
    std::string act = words.empty() ? "" : fmt::format("printf '%s\\n' {}", fmt::join(words, " "));
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional()) {
        std::string known = Candidates(noun, option->get_name(true));
        if (act.empty()) act = known;
      } else if (option->get_type_size() != 0) {
        for (const std::string& name : option->get_lnames()) valued.insert("--" + name);
        for (const std::string& name : option->get_snames()) valued.insert("-" + name);
      }
    }
    if (!act.empty()) arms.words += fmt::format("    \"{} {}\") {} ;;\n", noun, verb, act);
    if (!noun.empty()) {
      arms.options += fmt::format("      \"{} {}\") printf '%s\\n' {} ;;\n", noun, verb,
                                  fmt::join(OptionNames(app), " "));
    }
  });
  arms.valued = fmt::format("{}", fmt::join(valued, "|"));
  for (const std::string& name : valued) {
    std::string known = Candidates("", name);
    if (!known.empty()) arms.values += fmt::format("      {}) {} ;;\n", name, known);
  }
  return arms;
}

// Understood by bash and zsh alike: prints the candidates for the word $1, which follows the words
// $2 and on.
constexpr std::string_view kCommon = R"sh(_alohactl_names() {
  alohactl --timeout 2 "$1" list 2>/dev/null |
    awk "NR > 1 && NF == 0 { exit } NR > 1 { print $2 }" | tr ' ' '\n' | sort -u
}
_alohactl_candidates() {
  local current=$1 noun= verb= word= value_of=
  shift
  for word in "$@"; do
    if [ -n "$value_of" ]; then value_of=; continue; fi
    case $word in
      @VALUED@|:|=) value_of=$word ;;
      -*) ;;
      *) if [ -z "$noun" ]; then noun=$word; elif [ -z "$verb" ]; then verb=$word; fi ;;
    esac
  done
  if [ -n "$value_of" ]; then
    case $value_of in
@VALUES@    esac
    return
  fi
  case $current in
    -*)
      case "$noun $verb" in
@OPTIONS@      esac
      printf '%s\n' @GLOBAL@
      return ;;
  esac
  case "$noun $verb" in
@WORDS@  esac
}
)sh";

void Replace(std::string& text, std::string_view mark, const std::string& by) {
  text.replace(text.find(mark), mark.size(), by);
}

std::string CommonPart(const CLI::App& root) {
  const Arms arms = MakeArms(root);
  std::string text(kCommon);
  Replace(text, "@VALUED@", arms.valued);
  Replace(text, "@VALUES@", arms.values);
  Replace(text, "@OPTIONS@", arms.options);
  Replace(text, "@GLOBAL@", fmt::format("{}", fmt::join(OptionNames(root), " ")));
  Replace(text, "@WORDS@", arms.words);
  return text;
}

constexpr const char* kBash = R"sh(_alohactl() {
  local IFS=$'\n' list
  list=$(_alohactl_candidates "$2" "${COMP_WORDS[@]:1:COMP_CWORD-1}")
  if [ "$list" = @files ]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$2"))
  else
    COMPREPLY=($(compgen -W "$list" -- "$2"))
  fi
}
complete -F _alohactl alohactl
)sh";

constexpr const char* kZsh = R"sh(_alohactl() {
  local -a list
  list=(${(f)"$(_alohactl_candidates "${words[CURRENT]}" "${(@)words[2,CURRENT-1]}")"})
  if [[ "$list" == @files ]]; then
    _files
  else
    compadd -a list
  fi
}
if [ "$funcstack[1]" = _alohactl ]; then _alohactl "$@"; else compdef _alohactl alohactl; fi
)sh";

}  // namespace

void AddCompletion(Command& command) {
  CLI::App* noun = command.root->add_subcommand("completion", "Print a completion script");
  noun->fallthrough();
  noun->footer("Example:\n  source <(alohactl completion bash)");
  auto shell = std::make_shared<std::string>();
  noun->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  const CLI::App* root = command.root;
  noun->callback([&command, shell, root] {
    command.action = [shell, root](Client& client) -> int {
      const bool zsh = *shell == "zsh";
      client.output().out() << (zsh ? "#compdef alohactl\n" : "") << CommonPart(*root)
                            << (zsh ? kZsh : kBash);
      return kDone;
    };
  });
}

}  // namespace aloha::cli
