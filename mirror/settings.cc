#include "mirror/settings.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::ordered_json;

constexpr absl::string_view kOnConflict[] = {"replace", "error", "ignore"};
constexpr absl::string_view kOnMissing[] = {"insert", "error", "ignore"};
constexpr absl::string_view kOnDdl[] = {"follow", "keep", "stop"};
constexpr absl::string_view kOnError[] = {"stop", "detach"};

template <typename Policy, size_t kCount>
absl::Status ReadChoice(absl::string_view key, absl::string_view value, const absl::string_view (&choices)[kCount],
                        Policy* policy) {
  for (size_t i = 0; i < kCount; ++i) {
    if (choices[i] == value) {
      *policy = static_cast<Policy>(i);
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("invalid value \"", value, "\" for argument \"", key,
                                                 "\", expected one of \"", absl::StrJoin(choices, "\", \""), "\""));
}

// Takes the quotes off 'text' or "text", and undoubles them inside.
absl::StatusOr<std::string> Unquote(absl::string_view key, absl::string_view text) {
  if (text.empty() || (text.front() != '\'' && text.front() != '"')) return std::string(text);
  const std::string quote(1, text.front());
  if (text.size() < 2 || text.back() != text.front()) {
    return absl::InvalidArgumentError(absl::StrCat("the value of argument \"", key, "\" has no closing quote: ", text));
  }
  return absl::StrReplaceAll(text.substr(1, text.size() - 2), {{quote + quote, quote}});
}

absl::Status Set(absl::string_view key, const std::string& value, Settings* settings) {
  if (key == "source") {
    settings->source = value;
  } else if (key == "tables") {
    settings->tables = value;
  } else if (key == "schema") {
    settings->schema = value;
  } else if (key == "on_conflict") {
    return ReadChoice(key, value, kOnConflict, &settings->on_conflict);
  } else if (key == "on_missing") {
    return ReadChoice(key, value, kOnMissing, &settings->on_missing);
  } else if (key == "on_ddl") {
    return ReadChoice(key, value, kOnDdl, &settings->on_ddl);
  } else if (key == "on_error") {
    return ReadChoice(key, value, kOnError, &settings->on_error);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown argument \"", key, "\" with value \"", value,
                     "\", expected one of \"source\", \"tables\", \"schema\", \"on_conflict\", \"on_missing\", "
                     "\"on_ddl\", \"on_error\""));
  }
  if (value.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("argument \"", key, "\" is empty, expected a text"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Settings> ParseArguments(absl::string_view schema, const std::vector<absl::string_view>& arguments) {
  Settings settings;
  settings.schema = std::string(schema);
  std::vector<std::string> given;
  for (absl::string_view argument : arguments) {
    argument = absl::StripAsciiWhitespace(argument);
    if (argument.empty()) continue;
    const size_t equals = argument.find('=');
    if (equals == argument.npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("invalid argument \"", argument, "\", expected name=value, like source='/var/lib/daystream'"));
    }
    const std::string key(absl::StripAsciiWhitespace(argument.substr(0, equals)));
    for (const std::string& earlier : given) {
      if (earlier == key) return absl::InvalidArgumentError(absl::StrCat("argument \"", key, "\" was given twice"));
    }
    given.push_back(key);
    ASSIGN_OR_RETURN(const std::string value, Unquote(key, absl::StripAsciiWhitespace(argument.substr(equals + 1))));
    RETURN_IF_ERROR(Set(key, value, &settings));
  }
  return settings;
}

std::string Settings::ToJson() const {
  Json json = {{"source", source}};
  if (tables) json["tables"] = *tables;
  json["schema"] = schema;
  json["on_conflict"] = std::string(kOnConflict[static_cast<int>(on_conflict)]);
  json["on_missing"] = std::string(kOnMissing[static_cast<int>(on_missing)]);
  json["on_ddl"] = std::string(kOnDdl[static_cast<int>(on_ddl)]);
  json["on_error"] = std::string(kOnError[static_cast<int>(on_error)]);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Settings> Settings::FromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const absl::Status damaged =
      absl::DataLossError(absl::StrCat("cannot read the arguments of a mirror, \"", text, "\""));
  if (!json.is_object()) return damaged;
  Settings settings;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return damaged;
    if (key == "source") {  // the one that may be empty
      settings.source = value.get<std::string>();
      continue;
    }
    RETURN_IF_ERROR(Set(key, value.get<std::string>(), &settings));
  }
  return settings;
}

}  // namespace deltamirror::mirror
