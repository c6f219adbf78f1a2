// deltaflood_parse.

#ifndef DELTAMIRROR_EXT_DELTAFLOOD_PARSE_H_
#define DELTAMIRROR_EXT_DELTAFLOOD_PARSE_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// deltaflood_parse(line) -> JSON: the line's metadata, and its columns under "columns" (deltaflood/json.h). NULL gives
// NULL; what is not one deltaflood line is an error. Pure.
void DeltafloodParse(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_DELTAFLOOD_PARSE_H_
