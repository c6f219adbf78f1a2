#include "copy/statement_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace deltamirror::copy {
namespace {

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// The functions below take the offset at which a token begins and give the one behind it; a token that does not end
// goes as far as the text.

size_t SkipLine(absl::string_view text, size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// PostgreSQL's comments nest.
size_t SkipComment(absl::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const absl::string_view two = text.substr(at, 2);
    if (two == "/*") ++depth;
    if (two == "*/") --depth;
    at += two == "/*" || two == "*/" ? 2 : 1;
    if (depth == 0) break;
  }
  return at;
}

// A doubled quote ends one piece and begins the next, which comes to the same here.
size_t SkipQuoted(absl::string_view text, size_t at, bool backslash_escapes) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' && backslash_escapes ? 2 : 1;
  return std::min(at + 1, text.size());
}

// $tag$ ... $tag$; what is no tag ($1) is a byte like any other.
size_t SkipDollar(absl::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsNameByte(text[end])) ++end;
  const bool is_tag =
      end < text.size() && text[end] == '$' && !absl::ascii_isdigit(static_cast<unsigned char>(text[at + 1]));
  if (!is_tag) return at + 1;
  const absl::string_view tag = text.substr(at, end + 1 - at);
  const size_t close = text.find(tag, end + 1);
  return close == absl::string_view::npos ? text.size() : close + tag.size();
}

size_t SkipName(absl::string_view text, size_t at) {
  while (at < text.size() && (IsNameByte(text[at]) || text[at] == '$')) ++at;
  return at;
}

bool IsComment(absl::string_view rest) {
  return rest.substr(0, 2) == "--" || rest.substr(0, 2) == "/*";
}

size_t SkipToken(absl::string_view text, size_t at) {
  const absl::string_view rest = text.substr(at);
  if (rest.substr(0, 2) == "--") return SkipLine(text, at);
  if (rest.substr(0, 2) == "/*") return SkipComment(text, at);
  if (rest.front() == '\'' || rest.front() == '"') return SkipQuoted(text, at, /*backslash_escapes=*/false);
  if (rest.substr(0, 2) == "E'" || rest.substr(0, 2) == "e'")
    return SkipQuoted(text, at + 1, /*backslash_escapes=*/true);
  if (rest.front() == '$') return SkipDollar(text, at);
  if (IsNameByte(rest.front())) return SkipName(text, at);
  return at + 1;
}

}  // namespace

absl::string_view StatementBody(absl::string_view text) {
  size_t body = absl::string_view::npos;
  for (size_t at = 0; at < text.size();) {
    const absl::string_view rest = text.substr(at);
    if (rest.front() == ';') {
      body = std::min(body, at);
    } else if (body != absl::string_view::npos && !IsComment(rest) &&
               !absl::ascii_isspace(static_cast<unsigned char>(rest.front()))) {
      return text;
    }
    at = SkipToken(text, at);
  }
  return text.substr(0, body);
}

bool StaysInParentheses(absl::string_view text) {
  int depth = 0;
  for (size_t at = 0; at < text.size(); at = SkipToken(text, at)) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')') --depth;
    if (depth < 0 || text[at] == ';') return false;
  }
  return depth == 0;
}

}  // namespace deltamirror::copy
