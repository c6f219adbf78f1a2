#include "deltaflood/metadata.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "deltaflood/excerpt.h"
#include "types/lsn.h"

namespace deltamirror::deltaflood {
namespace {

// By Key.
constexpr absl::string_view kKeyNames[] = {
    "_c",     "_s",        "_table", "_schema", "_qualified_table", "_partition", "_xid",    "_lsn", "_time",
    "_relid", "_identity", "_check", "_was",    "_reason",          "_oid",       "_action",
};

// The only key of ours that `name`, which begins with '_', can be, told by its length and its second byte.
Key CandidateFor(absl::string_view name) {
  const char second = name.size() > 1 ? name[1] : '\0';
  switch (name.size()) {
    case 2:
      return second == 'c' ? Key::kClock : Key::kSeq;
    case 4:
      return second == 'x' ? Key::kXid : second == 'l' ? Key::kLsn : second == 'w' ? Key::kWas : Key::kOid;
    case 5:
      return Key::kTime;
    case 6:
      return second == 't' ? Key::kTable : second == 'r' ? Key::kRelid : Key::kCheck;
    case 7:
      return second == 'a' ? Key::kAction : second == 'r' ? Key::kReason : Key::kSchema;
    case 9:
      return Key::kIdentity;
    case 10:
      return Key::kPartition;
    case 16:
      return Key::kQualifiedTable;
    default:
      return Key::kUnknown;
  }
}

Action ActionNamed(absl::string_view name) {
  constexpr Action kByFrequency[] = {
      Action::kUpdate,   Action::kInsert,   Action::kDelete, Action::kCommit, Action::kReplace, Action::kRelation,
      Action::kTruncate, Action::kRollback, Action::kDrop,   Action::kAttach, Action::kDetach,  Action::kGap,
  };
  for (const Action action : kByFrequency) {
    if (ActionName(action) == name) return action;
  }
  return Action::kNone;
}

absl::Status FieldError(absl::string_view expected, absl::string_view key, size_t offset, absl::string_view got) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", expected, " for \"", key, "\" at offset ", offset, ", got ", Excerpt(got)));
}

// The whole of `text` as a decimal number from `least` to `most`.
bool ParseNumber(absl::string_view text, int64_t least, int64_t most, int64_t* out) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && rest == end && *out >= least && *out <= most;
}

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();
constexpr int64_t kMinInt32 = std::numeric_limits<int32_t>::min();

absl::Status SetXid(absl::string_view value, size_t offset, Record* out) {
  int64_t number = 0;
  // The original prints it signed.
  if (!ParseNumber(value, kMinInt32, kMaxUint32, &number)) {
    return FieldError("a transaction ID", "_xid", offset, value);
  }
  out->has_xid = true;
  out->xid = static_cast<uint32_t>(number);
  return absl::OkStatus();
}

absl::Status SetLsn(absl::string_view value, size_t offset, Record* out) {
  const absl::StatusOr<uint64_t> lsn = types::ParseLsn(value);
  if (!lsn.ok()) {
    return FieldError("an LSN like \"16/B374D848\"", "_lsn", offset, value);
  }
  out->has_lsn = true;
  out->lsn = *lsn;
  return absl::OkStatus();
}

absl::Status SetTime(absl::string_view value, size_t offset, Record* out) {
  if (!ParseNumber(value, std::numeric_limits<int64_t>::min(), kMaxInt64, &out->time)) {
    return FieldError("microseconds since 1970", "_time", offset, value);
  }
  out->has_time = true;
  return absl::OkStatus();
}

absl::Status SetRelid(absl::string_view value, size_t offset, Record* out) {
  int64_t number = 0;
  if (!ParseNumber(value, 0, kMaxUint32, &number)) {
    return FieldError("an OID", "_relid", offset, value);
  }
  out->has_relid = true;
  out->relid = static_cast<uint32_t>(number);
  return absl::OkStatus();
}

absl::Status SetAction(absl::string_view value, size_t offset, Record* out) {
  out->action = ActionNamed(value);
  if (out->action == Action::kNone) {
    return FieldError(
        "insert, update, delete, replace, truncate, relation, drop, attach, detach, "
        "gap, commit or rollback",
        "_action", offset, value);
  }
  return absl::OkStatus();
}

absl::Status SetPositionPart(Key key, absl::string_view value, size_t offset, int64_t* out) {
  if (ParseNumber(value, 0, kMaxInt64, out)) return absl::OkStatus();
  return FieldError("a number of at least 0", KeyName(key), offset, value);
}

}  // namespace

absl::string_view KeyName(Key key) {
  return kKeyNames[static_cast<size_t>(key)];
}

Key FindKey(absl::string_view name) {
  const Key key = CandidateFor(name);
  return key != Key::kUnknown && KeyName(key) == name ? key : Key::kUnknown;
}

absl::Status SetMetadata(Key key, absl::string_view value, size_t offset, Record* out) {
  switch (key) {
    case Key::kClock:
      return SetPositionPart(key, value, offset, &out->clock);
    case Key::kSeq:
      return SetPositionPart(key, value, offset, &out->seq);
    case Key::kTable:
      out->table = value;
      break;
    case Key::kSchema:
      out->schema = value;
      break;
    case Key::kQualifiedTable:
      out->qualified_table = value;
      break;
    case Key::kPartition:
      out->partition = value;
      break;
    case Key::kXid:
      return SetXid(value, offset, out);
    case Key::kLsn:
      return SetLsn(value, offset, out);
    case Key::kTime:
      return SetTime(value, offset, out);
    case Key::kRelid:
      return SetRelid(value, offset, out);
    case Key::kIdentity:
      out->identity = value;
      break;
    case Key::kCheck:
      out->check = value;
      break;
    case Key::kWas:
      out->was = value;
      break;
    case Key::kReason:
      out->reason = value;
      break;
    case Key::kOid:
      out->oid = value;
      break;
    case Key::kAction:
      return SetAction(value, offset, out);
    case Key::kUnknown:
      break;
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::deltaflood
