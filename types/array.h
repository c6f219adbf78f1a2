// Arrays as JSON, for {"types":{"array":"json"}}.

#ifndef DELTAMIRROR_TYPES_ARRAY_H_
#define DELTAMIRROR_TYPES_ARRAY_H_

#include <cstdint>

#include "types/decoder.h"

namespace deltamirror::types {

// The decoder that turns PostgreSQL's text of an array into JSON: {{1,NULL},{2,3}} into [[1,null],[2,3]]. Elements of
// number types are JSON numbers with every digit (but strings where JSON has no such number: NaN, infinities),
// booleans true and false, json and jsonb stand as they are; all others are strings, as PostgreSQL prints them.
// Subscripts that do not begin at 1 ([0:2]={...}) are left out.
//   elem: the OID of the element type.
Decoder ArrayToJson(uint32_t elem);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_ARRAY_H_
