#include "daystream/source.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

std::string InfoPath(absl::string_view directory) {
  return absl::StrCat(directory, "/daystream.json");
}

std::string Describe(const SourceInfo& info) {
  if (info.slot.empty()) return "lines from a file";
  return absl::StrCat("slot \"", info.slot, "\" of database \"", info.database,
                      "\" on the server with system identifier ", info.system_identifier);
}

bool TakeText(const Json& object, const char* key, std::string* out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  *out = found->get<std::string>();
  return true;
}

template <typename Number>
bool TakeNumber(const Json& object, const char* key, Number* out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_number_integer()) return false;
  *out = found->get<Number>();
  return true;
}

bool TakeFlag(const Json& object, const char* key, bool* out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_boolean()) return false;
  *out = found->get<bool>();
  return true;
}

bool TakeEnd(const Json& object, const char* key, std::optional<ConfirmedEnd>* out) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return true;
  ConfirmedEnd end;
  if (!found->is_object() || !TakeNumber(*found, "clock", &end.position.clock) ||
      !TakeNumber(*found, "seq", &end.position.seq) || !TakeNumber(*found, "offset", &end.offset) ||
      !TakeNumber(*found, "crc", &end.crc) || end.position.clock < 0 || end.position.seq < 0) {
    return false;
  }
  *out = end;
  return true;
}

nlohmann::ordered_json EndToJson(const std::optional<ConfirmedEnd>& end) {
  if (!end.has_value()) return nullptr;
  return {{"clock", end->position.clock}, {"seq", end->position.seq}, {"offset", end->offset}, {"crc", end->crc}};
}

// "nats" of "nats://host/stream"; empty for a path. One letter is none: nobody's scheme is that short.
absl::string_view SchemeOf(absl::string_view source) {
  const size_t colon = source.find(':');
  if (colon == absl::string_view::npos || colon < 2) return absl::string_view();
  const absl::string_view scheme = source.substr(0, colon);
  for (const char c : scheme) {
    if (!absl::ascii_isalnum(c) && c != '+' && c != '-' && c != '.') return absl::string_view();
  }
  return scheme;
}

}  // namespace

absl::Status CheckSameSource(absl::string_view directory, const SourceInfo& kept, const SourceInfo& given) {
  if (kept.system_identifier == given.system_identifier && kept.database == given.database && kept.slot == given.slot) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("cannot write to daystream \"", directory, "\": it holds ", Describe(kept), ", not ",
                   Describe(given), ". Give another directory, or move this one away and bootstrap its mirrors anew"));
}

absl::StatusOr<SourceInfo> LoadSourceInfo(const std::string& directory) {
  const std::string path = InfoPath(directory);
  ASSIGN_OR_RETURN(const std::string content, ReadSmallFile(path));
  const Json json = Json::parse(content, /*cb=*/nullptr, /*allow_exceptions=*/false);
  int64_t format = 0;
  if (!json.is_object() || !TakeNumber(json, "format", &format) || format == 0) {
    return absl::DataLossError(
        absl::StrCat("cannot read file \"", path, "\": expected a JSON object with a number \"format\""));
  }
  if (format != kFormat) {
    return absl::UnimplementedError(
        absl::StrCat("cannot read file \"", path, "\": expected format ", kFormat, ", got ", format));
  }
  SourceInfo info;
  if (!TakeText(json, "system_identifier", &info.system_identifier) || !TakeNumber(json, "timeline", &info.timeline) ||
      !TakeText(json, "database", &info.database) || !TakeText(json, "slot", &info.slot) ||
      !TakeText(json, "plugin", &info.plugin) || !TakeText(json, "tables", &info.tables) ||
      !TakeText(json, "filters", &info.filters) || !TakeText(json, "publication", &info.publication) ||
      !TakeNumber(json, "began", &info.began) || !TakeNumber(json, "began_xid", &info.began_xid) ||
      !TakeFlag(json, "standby", &info.standby) || !TakeText(json, "confirmed_lsn", &info.confirmed_lsn) ||
      !TakeEnd(json, "confirmed_end", &info.confirmed_end) || !TakeFlag(json, "checks", &info.checks)) {
    return absl::DataLossError(
        absl::StrCat("cannot read file \"", path,
                     "\": expected numbers for \"timeline\", \"began\" and \"began_xid\", an "
                     "object of numbers for \"confirmed_end\", true or false for \"standby\" and \"checks\", and "
                     "strings for the other keys"));
  }
  return info;
}

absl::Status SaveSourceInfo(const std::string& directory, const SourceInfo& info, FileSystem* files) {
  const nlohmann::ordered_json json = {
      {"format", kFormat},
      {"system_identifier", info.system_identifier},
      {"timeline", info.timeline},
      {"database", info.database},
      {"slot", info.slot},
      {"plugin", info.plugin},
      {"tables", info.tables},
      {"filters", info.filters},
      {"publication", info.publication},
      {"began", info.began},
      {"began_xid", info.began_xid},
      {"confirmed_lsn", info.confirmed_lsn},
      {"confirmed_end", EndToJson(info.confirmed_end)},
      {"standby", info.standby},
      {"checks", info.checks},
  };
  const std::string content = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return ReplaceFile(directory, "daystream.json", content, files);
}

absl::StatusOr<std::string> ResolveDestination(absl::string_view destination) {
  absl::string_view path = destination;
  if (absl::ConsumePrefix(&path, "file:")) {
    // file:///var/lib/daystream is file:/var/lib/daystream.
    if (absl::StartsWith(path, "///")) path.remove_prefix(2);
  } else if (const absl::string_view scheme = SchemeOf(destination); !scheme.empty()) {
    // The rest of a URI may hold a password: it is not shown.
    return absl::UnimplementedError(
        absl::StrCat("cannot open a daystream by scheme \"", scheme, "\", expected a path, or \"file:\" and a path"));
  }
  if (path.empty()) return absl::InvalidArgumentError("expected the path of a daystream, got an empty text");
  return std::string(path);
}

absl::StatusOr<Location> ResolveSource(absl::string_view source) {
  Location location;
  ASSIGN_OR_RETURN(location.path, ResolveDestination(source));
  struct stat status;
  if (stat(location.path.c_str(), &status) != 0) return FileError(errno, "open daystream", location.path);
  location.is_directory = S_ISDIR(status.st_mode);
  return location;
}

}  // namespace deltamirror::daystream
