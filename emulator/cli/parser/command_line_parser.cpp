// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/parser/command_line_parser.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>

#include "emulator/cli/parser/errors.hpp"
#include "emulator/cli/parser/suggest.hpp"

namespace lemu::emulator::cli {
namespace {

// CLI11 gives some values a meaning ("{}", "[a,b]", "[[1]]", "%%", an empty one), different ones in each
// version. JSON is full of them, so every value passes through it behind this mark.
constexpr char kMark = '=';

std::string marked(std::string argument) {
  if (argument.starts_with("--")) {
    const std::size_t equals = argument.find('=');
    if (equals != std::string::npos) argument.insert(equals, 1, kMark);
    return argument;
  }
  // "-v" is a flag; "-" alone is a word.
  if (argument.size() > 1 && argument.front() == '-') return argument;
  return argument.insert(0, 1, kMark);
}

/// The arguments as CLI11 gets them. All behind "--" are words, whatever they look like.
std::vector<std::string> marked_all(std::span<const std::string> arguments) {
  std::vector<std::string> result;
  bool options = true;
  for (const std::string& argument : arguments) {
    if (options && argument == "--") {
      options = false;
      result.push_back(argument);
    } else {
      result.push_back(options ? marked(argument) : kMark + argument);
    }
  }
  return result;
}

/// A value that begins with '-' has no mark.
std::string unmarked(const std::string& value) { return value.starts_with(kMark) ? value.substr(1) : value; }

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> list;
  std::size_t start = 0;
  while (start <= names.size()) {
    const std::size_t comma = std::min(names.find(',', start), names.size());
    list.push_back(names.substr(start, comma - start));
    start = comma + 1;
  }
  return list;
}

std::string long_name(const OptionSpec& option) { return split_names(option.names).back(); }

/// One option of the table with what the line gave for it.
struct Slot {
  const OptionSpec* option = nullptr;
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::int64_t count = 0;  ///< of a flag
};

class LineParser {
 public:
  LineParser(const CommandSpec& command, std::span<const std::string> arguments)
      : command_(command), arguments_(arguments) {
    app_.set_help_flag("");
    app_.add_flag("-h,--help", help_);
    app_.allow_extras();
    for (const OptionGroup& group : command.groups)
      for (const OptionSpec& option : group.options) add(option);
    app_.add_option("words", words_);
  }

  Result<ParsedLine> parse() {
    Status split = split_line();
    if (help_ > 0 || asks_for_help()) return ParsedLine{ParsedLine::Wish::help, {}};
    LEMU_TRY(split);
    for (const Slot& slot : slots_) {
      Status taken = take(slot);
      LEMU_TRY(taken);
    }
    ParsedLine line;
    for (const std::string& word : words_) line.words.push_back(unmarked(word));
    return line;
  }

 private:
  void add(const OptionSpec& option) {
    Slot& slot = slots_.emplace_back(Slot{&option, split_names(option.names), {}, 0});
    if (option.value.empty())
      app_.add_flag(option.names, slot.count);
    else
      app_.add_option(option.names, slot.values)->allow_extra_args(false);
  }

  [[nodiscard]] const Slot* find(const std::string& name) const {
    for (const Slot& slot : slots_)
      if (std::find(slot.names.begin(), slot.names.end(), name) != slot.names.end()) return &slot;
    return nullptr;
  }

  [[nodiscard]] std::vector<std::string> known_names() const {
    std::vector<std::string> names = {"-h", "--help"};
    for (const Slot& slot : slots_) names.insert(names.end(), slot.names.begin(), slot.names.end());
    return names;
  }

  Status split_line() {
    Status flags = check_flags();
    std::vector<std::string> reversed = marked_all(arguments_);
    std::reverse(reversed.begin(), reversed.end());
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& mismatch) {
      const Slot* last = arguments_.empty() ? nullptr : find(arguments_.back());
      if (last != nullptr) return missing_value(*last->option);
      return fail<"options-not-parsed">(at<"reason">(mismatch.what()), at<"command">(command_.name));
    } catch (const CLI::ParseError& error) {
      return flags ? Status(
                         fail<"options-not-parsed">(at<"reason">(error.what()), at<"command">(command_.name)))
                   : flags;
    }
    LEMU_TRY(flags);
    return check_rest(app_.remaining());
  }

  /// Also on a line that CLI11 gave up on.
  [[nodiscard]] bool asks_for_help() const {
    const auto end = std::find(arguments_.begin(), arguments_.end(), "--");
    return std::any_of(arguments_.begin(), end,
                       [](const std::string& argument) { return argument == "-h" || argument == "--help"; });
  }

  /// `--quiet=1`: a flag has no value.
  Status check_flags() const {
    for (const std::string& argument : arguments_) {
      if (argument == "--") break;
      const std::size_t equals = argument.find('=');
      if (!argument.starts_with("--") || equals == std::string::npos) continue;
      const std::string name = argument.substr(0, equals);
      const Slot* slot = find(name);
      if (slot != nullptr && slot->option->value.empty())
        return fail<"option-takes-no-value">(at<"option">(name), at<"command">(command_.name));
    }
    return {};
  }

  /// What CLI11 could not place.
  Status check_rest(const std::vector<std::string>& rest) const {
    for (const std::string& argument : rest)
      if (argument.size() > 1 && argument.starts_with('-') && argument != "--")
        return unknown_option(as_typed(argument), known_names(), command_.name);
    return {};
  }

  /// The name of an option that was not recognised. Of "-verbose" CLI11 takes the flag -v and leaves
  /// "-erbose".
  [[nodiscard]] std::string as_typed(const std::string& left) const {
    const std::string name = left.substr(0, left.find('='));
    if (name.starts_with("--")) return name;
    for (const std::string& argument : arguments_)
      if (argument.starts_with('-') && argument.ends_with(left.substr(1))) return argument;
    return name;
  }

  [[nodiscard]] Status take(const Slot& slot) const {
    const OptionSpec& option = *slot.option;
    for (std::int64_t i = 0; i < slot.count; ++i)
      if (Status taken = option.take(""); !taken) return explain(option, std::move(taken.error()));
    for (const std::string& value : slot.values) {
      // `--memory --timeout 5`: the next option was taken for the value.
      if (value.starts_with('-') && find(value.substr(0, value.find('='))) != nullptr)
        return missing_value(*slot.option);
      if (Status taken = option.take(unmarked(value)); !taken)
        return explain(option, std::move(taken.error()));
    }
    return {};
  }

  /// An option's own example is a better remedy than any that a value's parser knows.
  static Status explain(const OptionSpec& option, Error error) {
    if (!option.example.empty()) error.remedy = "for example " + option.example;
    return fail(std::move(error).within(long_name(option)));
  }

  const CommandSpec& command_;
  std::span<const std::string> arguments_;
  CLI::App app_;
  std::deque<Slot> slots_;  // CLI11 keeps pointers into it
  std::vector<std::string> words_;
  std::int64_t help_ = 0;
};

constexpr std::size_t kColumns = 80;
constexpr std::size_t kHelpColumn = 30;

/// Breaks text at blanks so that it fits between `indent` and kColumns; the first line is not indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::size_t length = end - start;
    if (column > indent && column + 1 + length > kColumns) {
      result.append("\n").append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result.append(text, start, length);
    column += length;
    start = end + 1;
  }
  return result;
}

std::string option_help(const OptionSpec& option) {
  std::string left = "  ";
  const std::vector<std::string> names = split_names(option.names);
  for (std::size_t at = 0; at < names.size(); ++at) left.append(at > 0 ? ", " : "").append(names[at]);
  if (!option.value.empty()) left.append(" ").append(option.value);
  if (left.size() + 2 > kHelpColumn)
    left.append("\n").append(kHelpColumn, ' ');
  else
    left.resize(kHelpColumn, ' ');
  return left + wrapped(option.help, kHelpColumn) + "\n";
}

}  // namespace

tl::unexpected<Error> unexpected_argument(const std::string& word, const std::string& usage) {
  return fail<"argument-unexpected">(at<"word">(word), at<"usage">(usage));
}

tl::unexpected<Error> missing_value(const OptionSpec& option) {
  const std::string name = long_name(option);
  return fail<"option-needs-value">(
      at<"option">(name), at<"example">(option.example.empty() ? name + " " + option.value : option.example));
}

Result<ParsedLine> parse_line(const CommandSpec& command, std::span<const std::string> arguments) {
  return LineParser(command, arguments).parse();
}

std::string render_help(const CommandSpec& command) {
  std::string text = "Usage: " + command.usage + "\n\n" + wrapped(command.summary, 0) + "\n";
  for (const OptionGroup& group : command.groups) {
    text += "\n" + group.title + ":\n";
    for (const OptionSpec& option : group.options) text += option_help(option);
  }
  if (!command.examples.empty()) text += "\nExamples:\n" + command.examples;
  return text;
}

}  // namespace lemu::emulator::cli
