// Table-valued functions whose arguments are missing.

#ifndef DELTAMIRROR_SQLITE_ARGUMENTS_H_
#define DELTAMIRROR_SQLITE_ARGUMENTS_H_

#include "sqlite/api.h"

namespace deltamirror::sqlite {

// Ends a BestIndex that was not offered the arguments it needs. It cannot be refused there: SQLite also asks for plans
// for one side of an OR in WHERE alone, without the arguments, and takes an error as the statement's. So this is a plan
// that costs too much to be chosen, unless the arguments really are missing; Filter, which gets no values then, refuses
// it.
inline int PlanWithoutArguments(sqlite3_index_info* info) {
  info->estimatedCost = 1e50;
  return SQLITE_OK;
}

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_ARGUMENTS_H_
