#include "types/datetime.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "types/wire.h"

namespace deltamirror::types {
namespace {

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;
constexpr int kDaysFrom1970To2000 = 10957;
// What PostgreSQL can print: years from 4714 before Christ on, to 5874897 for dates and 294276 for timestamps.
constexpr int64_t kLeastDay = -2451545;
constexpr int64_t kLastDay = 2145031948;
constexpr int64_t kErasBefore = 20;  // of 400 years

struct Civil {
  int64_t year;  // 0 is the year 1 before Christ
  uint32_t month;
  uint32_t day;
};

// The proleptic Gregorian calendar by centuries and years that begin on 1 March, so that the leap day is a year's last;
// divisions by multiplying (Neri and Schneider, "Euclidean affine functions and their application to calendar
// algorithms", 2023).
Civil CivilFromDays(int64_t days_since_2000) {
  // Counted from 1 March of a year far enough before Christ that numbers without a sign do.
  const auto day = static_cast<uint64_t>(days_since_2000 + kDaysFrom1970To2000 + 719468 + kErasBefore * 146097);
  const uint64_t quarters = 4 * day + 3;
  const uint64_t century = quarters / 146097;
  const auto day_of_century = static_cast<uint32_t>(quarters % 146097 / 4);
  const uint64_t years = uint64_t{2939745} * (4 * day_of_century + 3);  // years and a fraction of 32 bits
  const uint32_t day_of_year = static_cast<uint32_t>(years) / 2939745 / 4;
  const uint32_t months = 2141 * day_of_year + 197913;  // months from January on and a fraction of 16 bits
  const bool next_year = day_of_year >= 306;            // January and February
  return {static_cast<int64_t>(100 * century + (years >> 32) + (next_year ? 1 : 0)) - kErasBefore * 400,
          (months >> 16) - (next_year ? 12 : 0), (months & 0xffff) / 2141 + 1};
}

int64_t DaysFromCivil(const Civil& civil) {
  const int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (civil.month > 2 ? civil.month - 3 : civil.month + 9) + 2) / 5 + civil.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468 - kDaysFrom1970To2000;
}

constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits = {};
  for (size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

// Memory for a text, apart from the writer so that the latter can live in registers.
using Line = std::array<char, 64>;

// A text of at most one line that grows to the right.
class Writer {
 public:
  explicit Writer(Line* line) : begin_(line->data()), at_(line->data()) {}
  void Put(char c) { *at_++ = c; }
  void Put(absl::string_view text) {
    std::copy(text.begin(), text.end(), at_);
    at_ += text.size();
  }
  void Two(uint32_t number) {
    std::memcpy(at_, &kTwoDigits[size_t{2} * number], 2);
    at_ += 2;
  }
  // At least four digits, as PostgreSQL pads years.
  void Year(int64_t year) {
    if (ABSL_PREDICT_FALSE(year >= 10000)) return Put(absl::AlphaNum(year).Piece());
    Two(static_cast<uint32_t>(year) / 100);
    Two(static_cast<uint32_t>(year) % 100);
  }
  // The date without its era; returns whether " BC" has to follow at the very end.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool Date(int64_t days) {
    const Civil civil = CivilFromDays(days);
    Year(civil.year > 0 ? civil.year : 1 - civil.year);
    Put('-');
    Two(civil.month);
    Put('-');
    Two(civil.day);
    return civil.year <= 0;
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Time(int64_t micros) {
    const auto seconds = static_cast<uint32_t>(micros / kMicrosPerSecond);
    Two(seconds / 3600);
    Put(':');
    Two(seconds / 60 % 60);
    Put(':');
    Two(seconds % 60);
    Fraction(static_cast<uint32_t>(micros % kMicrosPerSecond));
  }
  // Without the zeros at its end.
  void Fraction(uint32_t micros) {
    if (micros == 0) return;
    Put('.');
    for (const uint32_t pair : {micros / 10000, micros / 100 % 100, micros % 100}) Two(pair);
    while (at_[-1] == '0') --at_;
  }
  absl::Status Finish(Scratch& scratch, Value* value) const {
    scratch.assign(begin_, static_cast<size_t>(at_ - begin_));
    *value = Value::Text(scratch);
    return absl::OkStatus();
  }

 private:
  const char* begin_;
  char* at_;
};

absl::Status Special(bool positive, Value* value) {
  *value = Value::Text(positive ? "infinity" : "-infinity");
  return absl::OkStatus();
}

absl::Status OutOfRange(absl::string_view type, int64_t actual) {
  return WrongText(type, std::to_string(actual), "a number within the type's range");
}

// Prints `micros` since 2000; `zone` follows the time unless the date is before Christ, which keeps PostgreSQL's form.
absl::Status PrintTimestamp(int64_t micros, absl::string_view zone, absl::string_view zone_bc, Scratch& scratch,
                            Value* value) {
  int64_t days = micros / kMicrosPerDay;
  if (micros % kMicrosPerDay < 0) --days;
  Line line;
  Writer writer(&line);
  const bool before_christ = writer.Date(days);
  writer.Put(' ');
  writer.Time(micros - days * kMicrosPerDay);
  writer.Put(before_christ ? zone_bc : zone);
  if (before_christ) writer.Put(" BC");
  return writer.Finish(scratch, value);
}

absl::Status TimestampAs(absl::string_view type, absl::string_view bytes, absl::string_view zone,
                         absl::string_view zone_bc, Scratch& scratch, Value* value) {
  if (bytes.size() != 8) return WrongLength(type, bytes.size(), "8 bytes");
  const auto micros = static_cast<int64_t>(Load64(bytes.data()));
  if (micros == std::numeric_limits<int64_t>::max()) return Special(true, value);
  if (micros == std::numeric_limits<int64_t>::min()) return Special(false, value);
  if (micros / kMicrosPerDay < kLeastDay) return OutOfRange(type, micros);
  return PrintTimestamp(micros, zone, zone_bc, scratch, value);
}

// Reads digits off the front, at least one and at most nine.
bool TakeNumber(absl::string_view* text, int64_t* number) {
  size_t count = 0;
  *number = 0;
  for (; count < text->size() && count < 9 && (*text)[count] >= '0' && (*text)[count] <= '9'; ++count) {
    *number = *number * 10 + ((*text)[count] - '0');
  }
  text->remove_prefix(count);
  return count > 0;
}

bool Take(absl::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

// hh[:mm[:ss]] in seconds.
bool TakeClock(absl::string_view* text, int64_t* seconds) {
  int64_t part = 0;
  if (!TakeNumber(text, &part)) return false;
  *seconds = part * 3600;
  for (const int64_t unit : {60, 1}) {
    if (!Take(text, ':')) return true;
    if (!TakeNumber(text, &part)) return false;
    *seconds += part * unit;
  }
  return true;
}

bool TakeFraction(absl::string_view* text, int64_t* micros) {
  *micros = 0;
  if (!Take(text, '.')) return true;
  int64_t unit = kMicrosPerSecond / 10;
  for (; !text->empty() && text->front() >= '0' && text->front() <= '9' && unit > 0; unit /= 10) {
    *micros += (text->front() - '0') * unit;
    text->remove_prefix(1);
  }
  return true;
}

// YYYY-MM-DD hh:mm:ss[.ffffff](+|-)hh[:mm[:ss]][ BC], in microseconds since 2000, UTC.
bool ParseTimestamptz(absl::string_view text, int64_t* micros) {
  const bool before_christ = absl::EndsWith(text, " BC");
  if (before_christ) text.remove_suffix(3);
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  int64_t seconds = 0;
  int64_t fraction = 0;
  int64_t zone = 0;
  const bool date = TakeNumber(&text, &year) && Take(&text, '-') && TakeNumber(&text, &month) && Take(&text, '-') &&
                    TakeNumber(&text, &day) && Take(&text, ' ');
  if (!date || year > 294277 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  if (!TakeClock(&text, &seconds) || !TakeFraction(&text, &fraction)) return false;
  const bool west = Take(&text, '-');
  if ((!west && !Take(&text, '+')) || !TakeClock(&text, &zone) || !text.empty()) return false;
  const int64_t days =
      DaysFromCivil({before_christ ? 1 - year : year, static_cast<uint32_t>(month), static_cast<uint32_t>(day)});
  *micros = days * kMicrosPerDay + (seconds + (west ? zone : -zone)) * kMicrosPerSecond + fraction;
  return true;
}

}  // namespace

absl::Status DateFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes.size() != 4) return WrongLength("date", bytes.size(), "4 bytes");
  const auto days = static_cast<int32_t>(Load32(bytes.data()));
  if (days == std::numeric_limits<int32_t>::max()) return Special(true, value);
  if (days == std::numeric_limits<int32_t>::min()) return Special(false, value);
  if (days < kLeastDay || days > kLastDay) return OutOfRange("date", days);
  Line line;
  Writer writer(&line);
  if (writer.Date(days)) writer.Put(" BC");
  return writer.Finish(scratch, value);
}

absl::Status TimeFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes.size() != 8) return WrongLength("time", bytes.size(), "8 bytes");
  const auto micros = static_cast<int64_t>(Load64(bytes.data()));
  // 24:00:00 is a time of its own.
  if (micros < 0 || micros > kMicrosPerDay) return OutOfRange("time", micros);
  Line line;
  Writer writer(&line);
  writer.Time(micros);
  return writer.Finish(scratch, value);
}

absl::Status TimetzFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes.size() != 12) return WrongLength("time with time zone", bytes.size(), "12 bytes");
  const auto micros = static_cast<int64_t>(Load64(bytes.data()));
  const auto west = static_cast<int32_t>(Load32(bytes.data() + 8));  // seconds
  if (micros < 0 || micros > kMicrosPerDay) return OutOfRange("time with time zone", micros);
  if (west <= -86400 || west >= 86400) return OutOfRange("time with time zone", west);
  Line line;
  Writer writer(&line);
  writer.Time(micros);
  const auto offset = static_cast<uint32_t>(west < 0 ? -west : west);
  writer.Put(west > 0 ? '-' : '+');
  writer.Two(offset / 3600);
  if (offset % 3600 != 0) {
    writer.Put(':');
    writer.Two(offset / 60 % 60);
  }
  if (offset % 60 != 0) {
    writer.Put(':');
    writer.Two(offset % 60);
  }
  return writer.Finish(scratch, value);
}

absl::Status TimestampFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  return TimestampAs("timestamp", bytes, "", "", scratch, value);
}

absl::Status TimestamptzFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  return TimestampAs("timestamp with time zone", bytes, "+00:00", "+00", scratch, value);
}

absl::Status TimestamptzFromText(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (absl::EndsWith(bytes, "+00")) {
    scratch.assign(bytes.data(), bytes.size());
    scratch.append(":00");
    *value = Value::Text(scratch);
    return absl::OkStatus();
  }
  if (absl::EndsWith(bytes, "+00 BC") || absl::EndsWith(bytes, "infinity")) {
    *value = Value::Text(bytes);
    return absl::OkStatus();
  }
  int64_t micros = 0;
  if (!ParseTimestamptz(bytes, &micros)) {
    return WrongText("timestamp with time zone", bytes, "an ISO timestamp like \"2026-08-01 12:00:00+00\"");
  }
  return PrintTimestamp(micros, "+00:00", "+00", scratch, value);
}

}  // namespace deltamirror::types
