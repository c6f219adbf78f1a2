#include "quote/quote.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace deltamirror {

std::string QuoteIdentifier(absl::string_view name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

std::string QuoteQualified(absl::string_view schema, absl::string_view name) {
  return schema.empty() ? QuoteIdentifier(name) : absl::StrCat(QuoteIdentifier(schema), ".", QuoteIdentifier(name));
}

std::string QuoteLiteral(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

}  // namespace deltamirror
