#include "postgres/slot_peek.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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

// All lines, and those that are more than a table's shape, which decoding tells when it meets the table for the first
// time, also when only ANALYZE has looked at it. $3: lines after which it is enough, at the end of a transaction.
constexpr char kPeek[] =
    R"(SELECT count(*), count(*) FILTER (WHERE data !~ '^(_(?!action\t)[a-z_]+\t[^\t]*\t)*_action\t(relation|commit)(\t|\n|$)')
    FROM pg_catalog.pg_logical_slot_peek_changes($1, $2::pg_lsn, $3::integer, 'mirror', 'true',
    'partition-root', 'true', 'tables', $4)";
constexpr char kFilters[] = ", 'filters', $5";

// With synchronous_commit = off, what is visible need not be in the WAL that can be read.
constexpr char kIsFlushed[] = "SELECT pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_lsn";

absl::StatusOr<int64_t> Count(const absl::StatusOr<Result>& result, int column) {
  RETURN_IF_ERROR(result.status());
  int64_t count = 0;
  if (result->rows() == 1 && absl::SimpleAtoi(result->text(0, column), &count)) return count;
  return absl::InternalError("expected a number of changes from the server, got something else");
}

absl::StatusOr<bool> HasChanges(Connection& connection, const Slot& slot, const PeekRequest& request,
                                const std::string& before_lsn) {
  // Most often the first transaction says it; one of shapes alone does not.
  for (const std::optional<std::string>& enough : {std::optional<std::string>("1"), std::optional<std::string>()}) {
    std::vector<std::optional<std::string>> parameters = {slot.name, before_lsn, enough,
                                                          request.tables.empty() ? "*" : request.tables};
    if (!request.filters.empty()) parameters.emplace_back(request.filters);
    const absl::StatusOr<Result> result =
        connection.Query(absl::StrCat(kPeek, request.filters.empty() ? "" : kFilters, ")"), parameters);
    ASSIGN_OR_RETURN(const int64_t lines, Count(result, 0));
    ASSIGN_OR_RETURN(const int64_t changes, Count(result, 1));
    if (changes > 0 || lines == 0) return changes > 0;
  }
  return false;
}

absl::StatusOr<bool> HasPublishedChanges(Connection& connection, const Slot& slot, std::string publication,
                                         const std::string& before_lsn) {
  if (publication.empty()) {
    ASSIGN_OR_RETURN(const SlotRecord record, RecallSlot(connection, slot.name));
    publication = record.publication.empty() ? slot.name : record.publication;
  }
  ASSIGN_OR_RETURN(const int64_t changes,
                   Count(connection.Query(kPeekPgoutput, {slot.name, before_lsn, QuoteIdentifier(publication)}), 0));
  return changes > 0;
}

}  // namespace

absl::StatusOr<bool> HasChangesLeft(Connection& connection, const Slot& slot, const PeekRequest& request,
                                    uint64_t before_lsn) {
  ASSIGN_OR_RETURN(const Result flushed, connection.Query(kIsFlushed, {types::FormatLsn(before_lsn)}));
  if (flushed.rows() != 1 || flushed.text(0, 0) != "t") {
    return absl::UnavailableError("the WAL is not on the server's disk yet");
  }
  const std::string lsn = types::FormatLsn(before_lsn);
  absl::StatusOr<bool> left = slot.plugin == "pgoutput"
                                  ? HasPublishedChanges(connection, slot, request.publication, lsn)
                                  : HasChanges(connection, slot, request, lsn);
  if (SqlState(left.status()) == "55006") return absl::UnavailableError(left.status().message());
  return left;
}

}  // namespace deltamirror::postgres
