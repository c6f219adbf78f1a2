// Names and literals on their way into SQL text. SQLite and PostgreSQL take the same two forms, so this is the one
// helper for both.

#ifndef DELTAMIRROR_QUOTE_QUOTE_H_
#define DELTAMIRROR_QUOTE_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror {

// "name", with every double quote doubled.
std::string QuoteIdentifier(absl::string_view name);

// "schema"."name"; "name" alone where the schema is empty.
std::string QuoteQualified(absl::string_view schema, absl::string_view name);

// 'text', with every single quote doubled. For PostgreSQL this needs standard_conforming_strings, which our connections
// pin.
std::string QuoteLiteral(absl::string_view text);

}  // namespace deltamirror

#endif  // DELTAMIRROR_QUOTE_QUOTE_H_
