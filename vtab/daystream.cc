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
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::vtab {
namespace {

using daystream::Position;

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

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// What a scan can use: the places of its arguments.
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

// Nullopt if there is none, or NULL.
absl::StatusOr<std::optional<int64_t>> PositionArgument(const sqlite::Arguments& arguments, Usable place,
                                                        absl::string_view name) {
  sqlite3_value* value = arguments.Value(place);
  if (value == nullptr || sqlite3_value_type(value) == SQLITE_NULL) return std::nullopt;
  if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a whole number as ", name, ", got \"", arguments.Text(place), "\""));
  }
  return sqlite3_value_int64(value);
}

absl::Status StartAtArguments(const sqlite::Arguments& arguments, Range* range) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> clock, PositionArgument(arguments, kStartClock, "clock"));
  if (!clock.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<int64_t> seq, PositionArgument(arguments, kStartSeq, "seq"));
  range->BeginAt({*clock, seq.value_or(0)}, false);
  range->start_is_argument = true;
  return absl::OkStatus();
}

absl::StatusOr<Range> RangeOf(const sqlite::Arguments& arguments) {
  Range range;
  for (int i = kClockEqual; i < kUsableCount; ++i) {
    if (sqlite3_value* value = arguments.Value(i); value != nullptr) Bound(i, value, &range);
  }
  RETURN_IF_ERROR(StartAtArguments(arguments, &range));
  range.table = arguments.OptionalText(kTable);
  // No table is NULL.
  if (!range.table.has_value() && arguments.Value(kTable) != nullptr) range.is_empty = true;
  return range;
}

// How much of the current line was parsed.
enum class Parsed : uint8_t { kNothing, kHead, kAll };

class Rows final : public sqlite::TableRows {
 public:
  absl::Status Begin(const sqlite::Arguments& arguments);
  absl::StatusOr<bool> Next() override;
  absl::Status Column(int column, sqlite3_context* context) override;

 private:
  absl::Status Parse(Parsed needed);
  void ResultOfRecord(sqlite3_context* context, int column) const;

  std::string source_;
  Range range_;
  std::unique_ptr<daystream::Reader> reader_;
  daystream::Line line_;
  deltaflood::Parser parser_;
  deltaflood::Record record_;
  Parsed parsed_ = Parsed::kNothing;
};

absl::Status Rows::Begin(const sqlite::Arguments& arguments) {
  source_ = arguments.Text(kSource);
  ASSIGN_OR_RETURN(range_, RangeOf(arguments));
  daystream::ReaderOptions options;
  options.start = range_.start;
  options.after = range_.after;
  options.start_must_be_kept = range_.start_is_argument;
  // Opened in any case: a source that is not there is an error also where WHERE leaves nothing of it.
  ASSIGN_OR_RETURN(reader_, daystream::Reader::Open(source_, options));
  return absl::OkStatus();
}

absl::StatusOr<bool> Rows::Next() {
  while (!range_.is_empty) {
    ASSIGN_OR_RETURN(const bool got, reader_->Next(&line_));
    parsed_ = Parsed::kNothing;
    if (!got || line_.position.clock > range_.last_clock) break;
    if (!range_.table.has_value()) return true;
    RETURN_IF_ERROR(Parse(Parsed::kHead));
    if (record_.table == *range_.table) return true;
  }
  return false;
}

// Brings `record_` up to what is needed of it.
absl::Status Rows::Parse(Parsed needed) {
  if (parsed_ >= needed) return absl::OkStatus();
  absl::Status status = needed == Parsed::kHead ? parser_.ParseHead(line_.record_text, &record_)
                                                : parser_.Parse(line_.record_text, &record_);
  if (status.ok()) {
    parsed_ = needed;
    return status;
  }
  return absl::DataLossError(
      absl::StrCat("cannot read the record of the line ", reader_->Where(), ": ", status.message()));
}

void Rows::ResultOfRecord(sqlite3_context* context, int column) const {
  std::string json;
  switch (column) {
    case kColTable:
      sqlite::ResultTextIfAny(context, record_.table);
      break;
    case kColSchema:
      sqlite::ResultTextIfAny(context, record_.schema);
      break;
    case kColXid:
      if (record_.has_xid) sqlite3_result_int64(context, record_.xid);
      break;
    case kColLsn:
      if (record_.has_lsn) sqlite::ResultText(context, types::FormatLsn(record_.lsn));
      break;
    case kColAction:
      sqlite::ResultText(context, deltaflood::ActionName(record_.action));
      break;
    case kColRecord:
      deltaflood::AppendColumnsJson(record_, &json);
      sqlite::ResultText(context, json);
      break;
    default:
      break;
  }
}

absl::Status Rows::Column(int column, sqlite3_context* context) {
  switch (column) {
    case kColClock:
      sqlite3_result_int64(context, line_.position.clock);
      break;
    case kColSeq:
      sqlite3_result_int64(context, line_.position.seq);
      break;
    case kColLine:
      sqlite::ResultText(context, line_.text);
      break;
    case kColSource:
      sqlite::ResultText(context, source_);
      break;
    case kColStartClock:
    case kColStartSeq:
      break;
    default:
      RETURN_IF_ERROR(Parse(column == kColRecord ? Parsed::kAll : Parsed::kHead));
      ResultOfRecord(context, column);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3*, const sqlite::Arguments& arguments) {
  auto rows = std::make_unique<Rows>();
  RETURN_IF_ERROR(rows->Begin(arguments));
  return rows;
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

int Plan(sqlite3_index_info* info) {
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

constexpr sqlite::TableFunction kFunction = {
    .name = "daystream",
    .schema =
        "CREATE TABLE x(clock INTEGER, seq INTEGER, \"table\" TEXT, schema TEXT, xid INTEGER, lsn TEXT, "
        "action TEXT, record TEXT, line TEXT, source HIDDEN, start_clock HIDDEN, start_seq HIDDEN)",
    .first_argument = kColSource,
    .arguments = 3,
    .needed = 1,
    .usage = "expected a source as first argument, a directory or a file, like daystream('/var/lib/daystream')",
    .open = Open,
    .plan = Plan,
};

}  // namespace

int RegisterDaystream(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
