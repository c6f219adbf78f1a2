// Whether a table of the stream that a mirror has not met is one of its own.

#ifndef DELTAMIRROR_MIRROR_ADMISSION_H_
#define DELTAMIRROR_MIRROR_ADMISSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltaflood/record.h"
#include "mirror/settings.h"
#include "mirror/state.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

enum class Admission : uint8_t {
  kTaken,    // it is in the mirror's state from now on, if there is a state
  kRefused,  // the mirror has other tables
  kPast,     // the record is of a table that is gone; a later one of the same name may be another
};

// Whether a list of the settings names all tables of the schema: then it also wants those that are made later.
bool TakesNewTables(const Settings& settings, absl::string_view schema);

// Decides on the table of `record`, called `target` here, which the state does not have. With null (plain
// daystream_apply) each table is taken that is there. One of TakesNewTables that the record, a relation line, announces
// is taken as absent (TableStatus): the line makes it. NotFound, saying what to do, for one that is wanted and neither
// there nor announced.
absl::StatusOr<Admission> Admit(sqlite3* db, const Settings& settings, State* state, const std::string& target,
                                const deltaflood::Record& record);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ADMISSION_H_
