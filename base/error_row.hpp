// SPDX-License-Identifier: Apache-2.0
// ErrorRow: the words of one error, with its name and its cause for docs/errors.md. Each room keeps its rows
// in its own table (ROOM/errors.hpp) and makes its errors from them with
// fail<"its-slug">(at<"place">(value)…), so that nothing else words an error, and a slug leads from the page
// to the row and to every place that uses it. Knows only text. Constants; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace lemu {

/// A pattern's places are lower-case names in braces, "{path}"; other braces are text. A name may appear
/// again, and in the remedy as in the message.
/// "{os_error}" is filled by fail_errno with strerror's text.
/// Values may come from anywhere: they are made printable() here, so that no message needs to. A place of a
/// command, "{$path}", is filled with the value as one shell_word().
struct ErrorRow {
  std::string_view slug;     ///< "bootstrap-not-executable": its anchor in docs/errors.md
  ErrorKind kind;            ///< decides the exit code
  std::string_view message;  ///< names the thing and the reason
  std::string_view cause;    ///< for the page: when this happens, in a sentence
  std::string_view remedy;   ///< kNoRemedy where none is known
  std::string_view aws =
      {};  ///< where Lambda has words for it: its own, after "Error: " or "fork/exec PATH: "
};

inline constexpr std::string_view kNoRemedy = {};

/// A slug as a template's argument.
template <std::size_t N>
struct Slug {
  char text[N] = {};
  consteval Slug(const char (&literal)[N]) {  // NOLINT(google-explicit-constructor): fail<"slug">
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

inline constexpr std::string_view kOsErrorPlace = "os_error";

/// The first place in a pattern.
struct Place {
  std::string_view before;  ///< the text in front of it
  std::string_view name;    ///< without braces; empty where there is none
  std::string_view rest;    ///< what follows it
  bool in_command = false;  ///< "{$name}"
};

constexpr Place next_place(std::string_view pattern) {
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    const bool in_command = open + 1 < pattern.size() && pattern[open + 1] == '$';
    const std::size_t begin = open + (in_command ? 2 : 1);
    std::size_t end = begin;
    while (end < pattern.size() && ((pattern[end] >= 'a' && pattern[end] <= 'z') || pattern[end] == '_'))
      ++end;
    if (end == begin || end == pattern.size() || pattern[end] != '}') continue;
    return {pattern.substr(0, open), pattern.substr(begin, end - begin), pattern.substr(end + 1), in_command};
  }
  return {pattern, {}, {}};
}

/// The names of a row's places, each once, in the order of their first appearance; "os_error" is none of
/// them.
struct Places {
  static constexpr std::size_t kMost = 8;
  std::array<std::string_view, kMost> names{};
  std::size_t count = 0;
  bool os_error = false;

  constexpr void add(std::string_view name) {
    if (name == kOsErrorPlace) {
      os_error = true;
      return;
    }
    if (index_of(name) == count) names.at(count++) = name;
  }
  /// `count` for a name that is none of them.
  [[nodiscard]] constexpr std::size_t index_of(std::string_view name) const {
    return static_cast<std::size_t>(std::find(names.begin(), names.begin() + count, name) - names.begin());
  }
};

constexpr Places places_of(const ErrorRow& row) {
  Places places;
  for (const std::string_view pattern : {row.message, row.remedy, row.aws})
    for (Place place = next_place(pattern); !place.name.empty(); place = next_place(place.rest))
      places.add(place.name);
  return places;
}

/// The row's error with its places filled, in the order of places_of(row). A wrong number of values is a bug:
/// std::logic_error.
[[nodiscard]] Error make_error(const ErrorRow& row, std::span<const std::string> values, int os_error = 0);

template <class Value>
[[nodiscard]] std::string error_value(const Value& value) {
  if constexpr (std::integral<Value>)
    return std::to_string(value);
  else
    return std::string(value);
}

/// Cannot be called while compiling: that a table has no such slug is told by its name.
void this_rooms_table_has_no_such_slug();

/// Where a table has a slug; does not compile for one that it has not.
template <std::size_t N>
consteval std::size_t index_of(const ErrorRow (&table)[N], std::string_view slug) {
  for (std::size_t i = 0; i < N; ++i)
    if (table[i].slug == slug) return i;
  this_rooms_table_has_no_such_slug();
  return N;
}

/// A value with the name of its place: at<"path">(file).
template <Slug name>
struct NamedValue {
  std::string text;
};

template <Slug name, class Value>
[[nodiscard]] NamedValue<name> at(const Value& value) {
  return {error_value(value)};
}

/// Whether each of the places is among the names.
consteval bool has_each(const Places& places, std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < places.count; ++i)
    if (std::find(names.begin(), names.end(), places.names[i]) == names.end()) return false;
  return true;
}

/// What a room's functions that make errors are made of. Values come in any order, each by the name of its
/// place.
template <const auto& Table>
struct ErrorsOf {
  template <Slug slug>
  static constexpr const ErrorRow& row = Table[index_of(Table, slug.view())];

  template <Slug slug, Slug... names>
  [[nodiscard]] static Error error(NamedValue<names>... values) {
    static_assert(!places_of(row<slug>).os_error,
                  "its message has {os_error}: use error_errno or fail_errno");
    return make<slug>(0, std::move(values)...);
  }

  template <Slug slug, Slug... names>
  [[nodiscard]] static Error error_errno(int code, NamedValue<names>... values) {
    static_assert(places_of(row<slug>).os_error, "its message has no {os_error}: use error or fail");
    return make<slug>(code, std::move(values)...);
  }

 private:
  template <Slug slug, Slug... names>
  static Error make(int code, NamedValue<names>... values) {
    constexpr Places places = places_of(row<slug>);
    static_assert(places.count == sizeof...(names) && has_each(places, {names.view()...}),
                  "one value for each place of the row");
    std::array<std::string, sizeof...(names)> texts;
    ((texts[places.index_of(names.view())] = std::move(values.text)), ...);
    return make_error(row<slug>, texts, code);
  }
};

}  // namespace lemu

/// A room's functions that make the errors of its table: error<"slug">(at<"place">(value)…) gives the Error,
/// fail<…> a Result that failed with it; those whose message has {os_error} are error_errno<…>(errno, …) and
/// fail_errno<…>.
#define LEMU_ERROR_FUNCTIONS(table)                                                         \
  template <::lemu::Slug slug, class... Values>                                             \
  [[nodiscard]] ::lemu::Error error(Values... values) {                                     \
    return ::lemu::ErrorsOf<table>::template error<slug>(std::move(values)...);             \
  }                                                                                         \
  template <::lemu::Slug slug, class... Values>                                             \
  [[nodiscard]] ::lemu::Error error_errno(int code, Values... values) {                     \
    return ::lemu::ErrorsOf<table>::template error_errno<slug>(code, std::move(values)...); \
  }                                                                                         \
  template <::lemu::Slug slug, class... Values>                                             \
  [[nodiscard]] tl::unexpected<::lemu::Error> fail(Values... values) {                      \
    return tl::unexpected<::lemu::Error>(error<slug>(std::move(values)...));                \
  }                                                                                         \
  template <::lemu::Slug slug, class... Values>                                             \
  [[nodiscard]] tl::unexpected<::lemu::Error> fail_errno(int code, Values... values) {      \
    return tl::unexpected<::lemu::Error>(error_errno<slug>(code, std::move(values)...));    \
  }
