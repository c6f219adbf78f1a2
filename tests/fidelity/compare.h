// Whether a table in SQLite holds what its source holds: for tests, and written apart from what they test. What
// PostgreSQL prints is asked for, and what SQLite has to hold for it worked out, from docs/types.md.

#ifndef DELTAMIRROR_TESTS_FIDELITY_COMPARE_H_
#define DELTAMIRROR_TESTS_FIDELITY_COMPARE_H_

#include <libpq-fe.h>
#include <sqlite3.h>

#include <string>
#include <vector>

namespace deltamirror::fidelity {

// What differs between `table` (as SQL names it, in PostgreSQL) and `target` in SQLite's main: columns with their
// declared types, the primary key that the mirror should have, NOT NULL where PostgreSQL has none, rows as a multiset,
// each value with its storage class. `generated`: the mirror has generated columns, too. Empty if nothing does. At most
// ten lines.
//
//   EXPECT_THAT(Differences(connection, host.db(), "ops.crew", "ops.crew"), IsEmpty());
std::vector<std::string> Differences(PGconn* connection, sqlite3* db, const std::string& table,
                                     const std::string& target, bool generated = true);

}  // namespace deltamirror::fidelity

#endif  // DELTAMIRROR_TESTS_FIDELITY_COMPARE_H_
