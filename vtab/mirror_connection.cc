#include "vtab/mirror_connection.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "mirror/state.h"
#include "mirror/table_state.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::vtab {
namespace {

bool CanPrepare(const sqlite::Companion& companion, const mirror::State& state,
                const std::vector<std::string>& statements) {
  const std::string& schema = state.settings().schema;
  if (!companion.Has(schema)) return false;
  for (const mirror::TableState& table : state.tables()) {
    if (!mirror::IsFollowed(table.status)) continue;
    const std::string name = QuoteQualified(schema, table.target);
    for (const std::string& statement : statements) {
      const std::string sql = absl::StrReplaceAll(statement, {{"$table", name}});
      if (!sqlite::Statement::Prepare(companion.db(), sql).ok()) return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<MirrorConnection> ConnectToMirror(sqlite3* host, absl::string_view name, sqlite::InterruptProbe* probe,
                                                 const std::vector<std::string>& statements) {
  MirrorConnection connection;
  connection.companion = sqlite::Companion::Open(host);
  if (connection.companion != nullptr) {
    connection.db = connection.companion->db();
    absl::StatusOr<mirror::MirrorName> found = mirror::FindMirror(connection.db, name);
    if (found.ok()) {
      const absl::StatusOr<mirror::State> state = mirror::State::Load(connection.db, *found);
      if (state.ok() && CanPrepare(*connection.companion, *state, statements)) {
        connection.mirror = *std::move(found);
        connection.companion->FollowInterrupts(probe);
        return connection;
      }
    }
    connection.companion.reset();
  }
  connection.db = host;
  ASSIGN_OR_RETURN(connection.mirror, mirror::FindMirror(host, name));
  return connection;
}

}  // namespace deltamirror::vtab
