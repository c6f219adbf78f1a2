#include "postgres/slot_peek.h"

#include <string>

#include "postgres/slot_record.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::postgres {
namespace {

// pgoutput before PostgreSQL 15 also sends the beginning and end of transactions without a change: B and C.
constexpr char kPeekPgoutput[] =
    "SELECT count(*) FROM pg_catalog.pg_logical_slot_peek_binary_changes($1, $2::pg_lsn, NULL, 'proto_version', '1', "
    "'publication_names', $3) AS c WHERE pg_catalog.substr(data, 1, 1) NOT IN ('B', 'C')";

// At the end of the first transaction that has a line it is enough.
constexpr char kPeek[] =
    "SELECT count(*) FROM pg_catalog.pg_logical_slot_peek_changes($1, $2::pg_lsn, 1, 'mirror', 'true', "
    "'partition-root', 'true', 'tables', $3)";
constexpr char kPeekFiltered[] =
    "SELECT count(*) FROM pg_catalog.pg_logical_slot_peek_changes($1, $2::pg_lsn, 1, 'mirror', 'true', "
    "'partition-root', 'true', 'tables', $3, 'filters', $4)";

// With synchronous_commit = off, what is visible need not be in the WAL that can be read.
constexpr char kIsFlushed[] = "SELECT pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_lsn";

absl::StatusOr<Result> Peek(Connection& connection, const Slot& slot, const PeekRequest& request, uint64_t before_lsn) {
  const std::string lsn = types::FormatLsn(before_lsn);
  if (slot.plugin != "pgoutput" && request.filters.empty()) {
    return connection.Query(kPeek, {slot.name, lsn, request.tables.empty() ? "*" : request.tables});
  }
  if (slot.plugin != "pgoutput") {
    return connection.Query(kPeekFiltered,
                            {slot.name, lsn, request.tables.empty() ? "*" : request.tables, request.filters});
  }
  if (!request.publication.empty()) {
    return connection.Query(kPeekPgoutput, {slot.name, lsn, QuoteIdentifier(request.publication)});
  }
  ASSIGN_OR_RETURN(const SlotRecord record, RecallSlot(connection, slot.name));
  const std::string publication = record.publication.empty() ? slot.name : record.publication;
  return connection.Query(kPeekPgoutput, {slot.name, lsn, QuoteIdentifier(publication)});
}

}  // namespace

absl::StatusOr<bool> HasChangesLeft(Connection& connection, const Slot& slot, const PeekRequest& request,
                                    uint64_t before_lsn) {
  ASSIGN_OR_RETURN(const Result flushed, connection.Query(kIsFlushed, {types::FormatLsn(before_lsn)}));
  if (flushed.rows() != 1 || flushed.text(0, 0) != "t") {
    return absl::UnavailableError("the WAL is not on the server's disk yet");
  }
  const absl::StatusOr<Result> result = Peek(connection, slot, request, before_lsn);
  if (SqlState(result.status()) == "55006") return absl::UnavailableError(result.status().message());
  RETURN_IF_ERROR(result.status());
  return result->rows() != 1 || result->text(0, 0) != "0";
}

}  // namespace deltamirror::postgres
