// daystream(source [, clock, seq]): the lines of a daystream, up to the last one that is there now.
//
//   SELECT clock, seq, action, record FROM daystream('/var/lib/daystream') WHERE "table" = 'flights' LIMIT 10;
//   SELECT * FROM daystream('/var/lib/daystream', 1507507200, 3);          -- from that position on, itself included
//   INSERT INTO daystream_apply(line) SELECT line FROM daystream('20171009.daystream') WHERE clock >= 1507507200;
//
// Hidden columns: source, a directory or a file, which has no default; start_clock and start_seq, the position to begin
// at: the oldest line by default, and 0. It is an error if lines behind a start that was given so have been removed.
//
// A bound on clock, by the arguments or by WHERE, is found by bisection; an upper one ends the reading. A comparison
// (clock, seq) > (?, ?) comes from SQLite as one on clock. Rows come by clock and seq, so that ORDER BY clock, seq
// costs nothing and a LIMIT reads no further than its last row. A line is parsed only if a column needs it.
//
// Current limitation: seq alone is not a bound.

#include "vtab/daystream.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "deltaflood/json.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "sqlite/arguments.h"
#include "sqlite/error.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::vtab {
namespace {

using daystream::Position;

constexpr char kName[] = "daystream";

enum Column {
  kColClock,
  kColSeq,
  kColTable,
  kColSchema,
  kColXid,
  kColLsn,
  kColAction,
  kColRecord,
  kColLine,
  kColSource,
  kColStartClock,
  kColStartSeq,
};

constexpr char kSchema[] =
    "CREATE TABLE x(clock INTEGER, seq INTEGER, \"table\" TEXT, schema TEXT, xid INTEGER, lsn TEXT, action TEXT, "
    "record TEXT, line TEXT, source HIDDEN, start_clock HIDDEN, start_seq HIDDEN)";

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// How much of the current line was parsed.
enum class Parsed { kNothing, kHead, kAll };

struct Cursor {
  sqlite3_vtab_cursor base;
  std::unique_ptr<daystream::Reader> reader;
  std::string source;
  int64_t last_clock;                // lines behind it are not asked for
  std::optional<std::string> table;  // lines of others are not asked for
  daystream::Line line;
  deltaflood::Parser parser;
  deltaflood::Record record;
  Parsed parsed;
  int64_t row;
  bool eof;
};

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it reads any file that the process may read.
  if (const int rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); rc != SQLITE_OK) return rc;
  *out = new (std::nothrow) sqlite3_vtab{};
  return *out == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int Disconnect(sqlite3_vtab* table) {
  delete table;
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* cursor = new (std::nothrow) Cursor{};
  if (cursor == nullptr) return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* base) {
  delete reinterpret_cast<Cursor*>(base);
  return SQLITE_OK;
}

// Brings `cursor->record` up to what is needed of it.
absl::Status Parse(Cursor* cursor, Parsed needed) {
  if (cursor->parsed >= needed) return absl::OkStatus();
  const absl::string_view text = cursor->line.record_text;
  absl::Status status = needed == Parsed::kHead ? cursor->parser.ParseHead(text, &cursor->record)
                                                : cursor->parser.Parse(text, &cursor->record);
  if (status.ok()) {
    cursor->parsed = needed;
    return status;
  }
  return absl::DataLossError(
      absl::StrCat("cannot read the record of the line ", cursor->reader->Where(), ": ", status.message()));
}

absl::Status Advance(Cursor* cursor) {
  while (true) {
    ASSIGN_OR_RETURN(const bool got, cursor->reader->Next(&cursor->line));
    cursor->parsed = Parsed::kNothing;
    ++cursor->row;
    cursor->eof = !got || cursor->line.position.clock > cursor->last_clock;
    if (cursor->eof || !cursor->table.has_value()) return absl::OkStatus();
    RETURN_IF_ERROR(Parse(cursor, Parsed::kHead));
    if (cursor->record.table == *cursor->table) return absl::OkStatus();
  }
}

int Next(sqlite3_vtab_cursor* base) {
  const absl::Status status = Advance(reinterpret_cast<Cursor*>(base));
  return sqlite::VtabError(base->pVtab, Named(kName, status));
}

// A copy: SQLite may keep the value beyond the next row.
void ResultText(sqlite3_context* context, absl::string_view text) {
  sqlite3_result_text64(context, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void ResultTextIfAny(sqlite3_context* context, absl::string_view text) {
  if (!text.empty()) ResultText(context, text);
}

void ResultRecord(sqlite3_context* context, const deltaflood::Record& record) {
  std::string json;
  deltaflood::AppendColumnsJson(record, &json);
  ResultText(context, json);
}

void ResultOfRecord(sqlite3_context* context, const deltaflood::Record& record, int column) {
  switch (column) {
    case kColTable:
      ResultTextIfAny(context, record.table);
      break;
    case kColSchema:
      ResultTextIfAny(context, record.schema);
      break;
    case kColXid:
      if (record.has_xid) sqlite3_result_int64(context, record.xid);
      break;
    case kColLsn:
      if (record.has_lsn) ResultText(context, types::FormatLsn(record.lsn));
      break;
    case kColAction:
      ResultText(context, deltaflood::ActionName(record.action));
      break;
    case kColRecord:
      ResultRecord(context, record);
      break;
    default:
      break;
  }
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  switch (column) {
    case kColClock:
      sqlite3_result_int64(context, cursor->line.position.clock);
      return SQLITE_OK;
    case kColSeq:
      sqlite3_result_int64(context, cursor->line.position.seq);
      return SQLITE_OK;
    case kColLine:
      ResultText(context, cursor->line.text);
      return SQLITE_OK;
    case kColSource:
      ResultText(context, cursor->source);
      return SQLITE_OK;
    case kColStartClock:
    case kColStartSeq:
      return SQLITE_OK;
    default:
      break;
  }
  const absl::Status status = Parse(cursor, column == kColRecord ? Parsed::kAll : Parsed::kHead);
  if (!status.ok()) return sqlite::VtabError(base->pVtab, Named(kName, status));
  ResultOfRecord(context, cursor->record, column);
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->row;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->eof ? 1 : 0;
}

std::string TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

// What Filter can use. Bit i of idxNum says that it is given entry i; values come in this order.
enum Usable {
  kSource,
  kStartClock,
  kStartSeq,
  kTable,
  kClockEqual,
  kClockAtLeast,
  kClockAbove,
  kClockAtMost,
  kClockBelow,
  kUsableCount,
};
constexpr struct {
  int column;
  unsigned char op;
} kUsable[kUsableCount] = {
    {kColSource, SQLITE_INDEX_CONSTRAINT_EQ},   {kColStartClock, SQLITE_INDEX_CONSTRAINT_EQ},
    {kColStartSeq, SQLITE_INDEX_CONSTRAINT_EQ}, {kColTable, SQLITE_INDEX_CONSTRAINT_EQ},
    {kColClock, SQLITE_INDEX_CONSTRAINT_EQ},    {kColClock, SQLITE_INDEX_CONSTRAINT_GE},
    {kColClock, SQLITE_INDEX_CONSTRAINT_GT},    {kColClock, SQLITE_INDEX_CONSTRAINT_LE},
    {kColClock, SQLITE_INDEX_CONSTRAINT_LT},
};

// What the arguments and WHERE leave of the daystream.
struct Range {
  std::optional<Position> start;
  bool after = false;
  bool start_is_argument = false;
  int64_t last_clock = kMost;
  std::optional<std::string> table;
  bool is_empty = false;

  void BeginAt(Position position, bool behind) {
    if (start.has_value() && *start >= position) return;
    start = position;
    after = behind;
  }
};

// Narrows the range by a comparison of clock with `value`. SQLite compares again, so that it may stay too wide.
void Bound(int usable, sqlite3_value* value, Range* range) {
  const int type = sqlite3_value_numeric_type(value);
  if (type == SQLITE_NULL) range->is_empty = true;
  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return;
  // No clock is beyond these, and doubles of that size are not exact.
  constexpr double kLargest = 1e15;
  const double number = std::clamp(sqlite3_value_double(value), -kLargest, kLargest);
  const auto down = static_cast<int64_t>(std::floor(number));
  const auto up = static_cast<int64_t>(std::ceil(number));
  if (usable == kClockEqual || usable == kClockAtLeast) range->BeginAt({up, 0}, false);
  if (usable == kClockAbove) range->BeginAt({down, kMost}, true);
  if (usable == kClockEqual || usable == kClockAtMost) range->last_clock = std::min(range->last_clock, down);
  if (usable == kClockBelow) range->last_clock = std::min(range->last_clock, up - 1);
}

absl::StatusOr<int64_t> PositionArgument(sqlite3_value* value, absl::string_view name) {
  if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a whole number as ", name, ", got \"", TextOf(value), "\""));
  }
  return sqlite3_value_int64(value);
}

absl::Status StartAtArguments(sqlite3_value* clock, sqlite3_value* seq, Range* range) {
  // NULL is as if it was not given.
  if (clock == nullptr || sqlite3_value_type(clock) == SQLITE_NULL) return absl::OkStatus();
  Position position;
  ASSIGN_OR_RETURN(position.clock, PositionArgument(clock, "clock"));
  if (seq != nullptr && sqlite3_value_type(seq) != SQLITE_NULL) {
    ASSIGN_OR_RETURN(position.seq, PositionArgument(seq, "seq"));
  }
  range->BeginAt(position, false);
  range->start_is_argument = true;
  return absl::OkStatus();
}

absl::StatusOr<Range> RangeOf(int index, sqlite3_value** values) {
  Range range;
  sqlite3_value* given[kUsableCount] = {};
  for (int i = 0; i < kUsableCount; ++i) {
    if ((index & 1 << i) == 0) continue;
    given[i] = *values++;
    if (i >= kClockEqual) Bound(i, given[i], &range);
  }
  RETURN_IF_ERROR(StartAtArguments(given[kStartClock], given[kStartSeq], &range));
  if (given[kTable] != nullptr) {
    range.table = TextOf(given[kTable]);
    range.is_empty = range.is_empty || sqlite3_value_type(given[kTable]) == SQLITE_NULL;
  }
  return range;
}

absl::Status Begin(Cursor* cursor, int index, sqlite3_value** values) {
  cursor->reader.reset();
  cursor->row = 0;
  if ((index & 1 << kSource) == 0) {
    return absl::InvalidArgumentError(
        "expected a source as first argument, a directory or a file, like daystream('/var/lib/daystream')");
  }
  cursor->source = TextOf(values[0]);
  ASSIGN_OR_RETURN(Range range, RangeOf(index, values));
  cursor->last_clock = range.last_clock;
  cursor->table = std::move(range.table);
  cursor->eof = true;
  daystream::ReaderOptions options;
  options.start = range.start;
  options.after = range.after;
  options.start_must_be_kept = range.start_is_argument;
  // Opened in any case: a source that is not there is an error also where WHERE leaves nothing of it.
  ASSIGN_OR_RETURN(cursor->reader, daystream::Reader::Open(cursor->source, options));
  return range.is_empty ? absl::OkStatus() : Advance(cursor);
}

int Filter(sqlite3_vtab_cursor* base, int index, const char*, int, sqlite3_value** values) {
  const absl::Status status = Begin(reinterpret_cast<Cursor*>(base), index, values);
  return sqlite::VtabError(base->pVtab, Named(kName, status));
}

// The entry of kUsable for a constraint; kUsableCount if there is none. (LIMIT comes as a constraint too, with an
// operator that no entry has.)
int UsableFor(sqlite3_index_info* info, int i) {
  const auto& constraint = info->aConstraint[i];
  for (int usable = 0; usable < kUsableCount; ++usable) {
    if (kUsable[usable].column != constraint.iColumn || kUsable[usable].op != constraint.op) continue;
    const bool fits = usable != kTable || absl::EqualsIgnoreCase(sqlite3_vtab_collation(info, i), "BINARY");
    if (fits) return usable;
  }
  return kUsableCount;
}

bool IsInOrder(const sqlite3_index_info& info) {
  if (info.nOrderBy == 0 || info.aOrderBy[0].iColumn != kColClock || info.aOrderBy[0].desc != 0) return false;
  // Clock and seq are never the same twice: what follows them orders nothing.
  return info.nOrderBy == 1 || (info.aOrderBy[1].iColumn == kColSeq && info.aOrderBy[1].desc == 0);
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  int constraints[kUsableCount];
  std::fill_n(constraints, kUsableCount, -1);
  for (int i = 0; i < info->nConstraint; ++i) {
    const int usable = UsableFor(info, i);
    if (usable == kUsableCount) continue;
    if (info->aConstraint[i].usable != 0) {
      constraints[usable] = i;
    } else if (usable <= kStartSeq) {
      // An argument by a table that comes later in this plan: another plan has it.
      return SQLITE_CONSTRAINT;
    }
  }
  if (constraints[kSource] < 0) return sqlite::PlanWithoutArguments(info);
  int next = 1;
  for (int usable = 0; usable < kUsableCount; ++usable) {
    if (constraints[usable] < 0) continue;
    info->idxNum |= 1 << usable;
    info->aConstraintUsage[constraints[usable]].argvIndex = next++;
    info->aConstraintUsage[constraints[usable]].omit = usable <= kStartSeq ? 1 : 0;
  }
  info->orderByConsumed = IsInOrder(*info) ? 1 : 0;
  // A bound is worth more than any other filter: it saves the reading.
  const bool has_bound = info->idxNum >= 1 << kClockEqual || (info->idxNum & 1 << kStartClock) != 0;
  info->estimatedRows = has_bound ? 10000 : 1000000;
  info->estimatedCost = static_cast<double>(info->estimatedRows);
  return SQLITE_OK;
}

constexpr sqlite3_module kModule = {
    .iVersion = 0,
    .xConnect = Connect,  // no Create: eponymous only
    .xBestIndex = BestIndex,
    .xDisconnect = Disconnect,
    .xOpen = Open,
    .xClose = Close,
    .xFilter = Filter,
    .xNext = Next,
    .xEof = Eof,
    .xColumn = Column,
    .xRowid = Rowid,
};

}  // namespace

int RegisterDaystream(sqlite3* db) {
  return sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr);
}

}  // namespace deltamirror::vtab
