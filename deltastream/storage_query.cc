#include "deltastream/storage_query.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "postgres/column_row.h"
#include "postgres/publication.h"
#include "postgres/server_error.h"
#include "postgres/wal_flush.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::deltastream {
namespace {

constexpr uint32_t kFirstUserOid = 16384;

// The oldest transaction whose end a snapshot taken from now on may see.
constexpr char kXid[] =
    "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::numeric % 4294967296";
constexpr char kLsn[] =
    "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
    " ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text";

// $1: the publication; $2: the xid of the moment before. A table is published if the publication has it, its schema or
// a table that it is a partition of; as its topmost one, or as itself. The entry of the column ctid in pg_attribute is
// as old as the table. age() counts from now: what is younger came later.
constexpr char kTables[] =
    "SELECT c.oid, n.nspname, c.relname, CASE WHEN p.pubviaroot THEN r.relid ELSE c.oid END,"
    " c.relfilenode, c.reltoastrelid, c.reltablespace, c.xmin, c.relpages > 0 OR c.reltuples > 0,"
    " pg_catalog.age(t.xmin) <= pg_catalog.age($2::xid) AS made,"
    " EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition"
    "  AND i.xmin <> t.xmin),"
    " EXISTS (SELECT FROM pg_catalog.pg_attribute a"
    "  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    "  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  AND CASE WHEN pg_catalog.age(t.xmin) <= pg_catalog.age($2::xid)"
    "   THEN a.xmin <> t.xmin AND coalesce(d.xmin <> t.xmin, true)"
    "   ELSE pg_catalog.age(a.xmin) <= pg_catalog.age($2::xid)"
    "    AND coalesce(pg_catalog.age(d.xmin) <= pg_catalog.age($2::xid), true) END),"
    " EXISTS (SELECT FROM pg_catalog.pg_attribute a"
    "  JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    "  WHERE a.attrelid = c.oid AND NOT a.attisdropped AND NOT a.atthasmissing AND a.attgenerated = ''"
    "  AND pg_catalog.age(d.xmin) <= pg_catalog.age($2::xid)),"
    " h.hidden, h.shown"
    " FROM pg_catalog.pg_publication p CROSS JOIN pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid AND t.attnum = -1"
    " CROSS JOIN LATERAL (SELECT above.relid"
    "  FROM pg_catalog.unnest(CASE WHEN c.relispartition"
    "   THEN ARRAY(SELECT relid::oid FROM pg_catalog.pg_partition_ancestors(c.oid))"
    "   ELSE ARRAY[c.oid] END) WITH ORDINALITY AS above(relid, place)"
    "  WHERE p.puballtables OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel pr"
    "   WHERE pr.prpubid = p.oid AND pr.prrelid = above.relid) $SCHEMAS$"
    "  ORDER BY above.place DESC LIMIT 1) r"
    " $LIST$"
    " CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(a.attnum::text, ' ') FILTER (WHERE NOT s.it) AS hidden,"
    "  pg_catalog.string_agg(a.attnum::text, ' ') FILTER (WHERE s.it) AS shown"
    "  FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL (SELECT $SHOWN$ AS it) s"
    "  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  AND c.oid = CASE WHEN p.pubviaroot THEN r.relid ELSE c.oid END) h"
    " WHERE p.pubname = $1 AND c.relpersistence = 'p' AND c.oid >= $FIRST$"
    " AND (c.relkind = 'r' OR (c.relkind = 'p' AND p.pubviaroot))";
// The column list that a table is published with.
constexpr char kList[] = "LEFT JOIN pg_catalog.pg_publication_rel l ON l.prpubid = p.oid AND l.prrelid = c.oid";
constexpr char kOfSchemas[] =
    "OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace pn"
    " JOIN pg_catalog.pg_class ac ON ac.relnamespace = pn.pnnspid WHERE pn.pnpubid = p.oid AND ac.oid = above.relid)";

// Whether values of column a come.
std::string Shown(int server_version) {
  if (server_version < postgres::kPublicationFiltersSince) return "a.attgenerated = ''";
  return absl::StrCat(
      "CASE WHEN l.prattrs IS NOT NULL THEN a.attnum = ANY(l.prattrs) ELSE a.attgenerated = ''",
      server_version < postgres::kPublicationGeneratedSince ? "" : " OR (a.attgenerated = 's' AND p.pubgencols = 's')",
      " END");
}

std::set<int> ReadNumbers(absl::string_view text) {
  std::set<int> numbers;
  for (const absl::string_view item : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    int number = 0;
    if (absl::SimpleAtoi(item, &number)) numbers.insert(number);
  }
  return numbers;
}

absl::StatusOr<Storage> ReadRow(const postgres::Result& result, int row) {
  Storage one;
  uint32_t* const numbers[] = {&one.relid, nullptr,    nullptr,         &one.root,
                               &one.file,  &one.toast, &one.tablespace, &one.changed_by};
  for (int column = 0; column < 8; ++column) {
    if (numbers[column] == nullptr) continue;
    ASSIGN_OR_RETURN(*numbers[column], postgres::ReadNumber<uint32_t>(result, row, column));
  }
  one.schema = std::string(result.text(row, 1));
  one.table = std::string(result.text(row, 2));
  one.counted = result.text(row, 8) == "t";
  one.made = result.text(row, 9) == "t";
  one.attached = result.text(row, 10) == "t";
  one.columns_changed = result.text(row, 11) == "t";
  one.defaults_changed = result.text(row, 12) == "t";
  one.hidden = ReadNumbers(result.text(row, 13));
  one.shown = ReadNumbers(result.text(row, 14));
  return one;
}

absl::StatusOr<bool> IsThere(postgres::Connection& connection, uint32_t relid) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection.Query("SELECT FROM pg_catalog.pg_class WHERE oid = $1 AND relpersistence = 'p'",
                                    {absl::StrCat(relid)}));
  return result.rows() > 0;
}

// The size needs a lock that a running ALTER TABLE keeps from us.
absl::StatusOr<bool> MayHaveRows(postgres::Connection& connection, uint32_t relid) {
  // Sent together they are one transaction.
  const absl::StatusOr<postgres::Result> result = connection.Execute(
      absl::StrCat("SET LOCAL lock_timeout = '200ms'; SELECT pg_catalog.pg_relation_size(", relid, "::oid) = 0"));
  if (!result.ok()) {
    if (postgres::SqlState(result.status()).empty()) return result.status();
    return true;
  }
  return result->rows() == 0 || result->text(0, 0) != "t";
}

}  // namespace

absl::StatusOr<StorageLook> LookAtStorage(postgres::Connection& connection, const std::string& publication,
                                          uint32_t since) {
  StorageLook look;
  ASSIGN_OR_RETURN(const postgres::Result xid, connection.Query(kXid));
  ASSIGN_OR_RETURN(look.xid, postgres::ReadNumber<uint32_t>(xid, 0, 0));
  const bool lists = connection.server_version() >= postgres::kPublicationFiltersSince;
  const std::string sql = absl::StrReplaceAll(kTables, {{"$SCHEMAS$", lists ? kOfSchemas : ""},
                                                        {"$LIST$", lists ? kList : ""},
                                                        {"$SHOWN$", Shown(connection.server_version())},
                                                        {"$FIRST$", absl::StrCat(kFirstUserOid)}});
  ASSIGN_OR_RETURN(const postgres::Result tables, connection.Query(sql, {publication, absl::StrCat(since)}));
  for (int row = 0; row < tables.rows(); ++row) {
    ASSIGN_OR_RETURN(Storage one, ReadRow(tables, row));
    const uint32_t relid = one.relid;
    look.tables.emplace(relid, std::move(one));
  }
  ASSIGN_OR_RETURN(const postgres::Result lsn, connection.Query(kLsn));
  ASSIGN_OR_RETURN(look.lsn, types::ParseLsn(lsn.text(0, 0)));
  return look;
}

absl::StatusOr<uint32_t> FirstXidOf(postgres::Connection& connection, const std::string& slot) {
  ASSIGN_OR_RETURN(
      const postgres::Result result,
      connection.Query("SELECT catalog_xmin FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", {slot}));
  if (result.rows() > 0 && !result.is_null(0, 0)) return postgres::ReadNumber<uint32_t>(result, 0, 0);
  ASSIGN_OR_RETURN(const postgres::Result now, connection.Query(kXid));
  return postgres::ReadNumber<uint32_t>(now, 0, 0);
}

absl::Status LookInto(postgres::Connection& connection, std::vector<Suspicion>* suspicions) {
  for (Suspicion& one : *suspicions) {
    if (one.kind == Suspicion::Kind::kLeft) {
      ASSIGN_OR_RETURN(const bool there, IsThere(connection, one.relid));
      one.kind = there ? Suspicion::Kind::kGap : Suspicion::Kind::kDropped;
      one.reason = "it has left the publication";
    } else if (one.kind == Suspicion::Kind::kCame) {
      ASSIGN_OR_RETURN(const bool rows, MayHaveRows(connection, one.partition != 0 ? one.partition : one.relid));
      if (rows) one.kind = Suspicion::Kind::kGap;
    }
  }
  suspicions->erase(std::remove_if(suspicions->begin(), suspicions->end(),
                                   [](const Suspicion& one) { return one.kind == Suspicion::Kind::kCame; }),
                    suspicions->end());
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> MakeTransaction(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Result recovery, connection.Query("SELECT pg_catalog.pg_is_in_recovery()"));
  if (recovery.text(0, 0) == "t") return 0;
  if (const absl::StatusOr<uint64_t> flushed = postgres::FlushWal(connection); !flushed.ok()) {
    if (postgres::SqlState(flushed.status()) == "42501") return 0;
    return flushed.status();
  }
  ASSIGN_OR_RETURN(const postgres::Result end, connection.Query("SELECT pg_catalog.pg_current_wal_flush_lsn()::text"));
  return types::ParseLsn(end.text(0, 0));
}

}  // namespace deltamirror::deltastream
