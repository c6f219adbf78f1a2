#include "sqlite/options.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace deltamirror::sqlite {

// Kept in the order in which the user wrote it: the order of "columns" is the order of the table's columns.
using Json = nlohmann::ordered_json;

struct OptionReader::Object {
  std::string function;
  Json json;
  std::vector<std::string> asked;

  const Json* Find(absl::string_view key) {
    asked.emplace_back(key);
    const auto found = json.find(std::string(key));
    return found == json.end() ? nullptr : &*found;
  }

  absl::Status Unfit(absl::string_view key, const Json& value, absl::string_view expected) const {
    return absl::InvalidArgumentError(absl::StrCat(function, ": invalid value ",
                                                   value.dump(-1, ' ', false, Json::error_handler_t::replace),
                                                   " for option \"", key, "\", expected ", expected));
  }
};

OptionReader::OptionReader(std::unique_ptr<Object> object) : object_(std::move(object)) {}
OptionReader::OptionReader(OptionReader&&) noexcept = default;
OptionReader& OptionReader::operator=(OptionReader&&) noexcept = default;
OptionReader::~OptionReader() = default;

absl::StatusOr<OptionReader> OptionReader::Parse(absl::string_view function, absl::string_view json) {
  auto object = std::make_unique<Object>();
  object->function = std::string(function);
  object->json =
      json.empty() ? Json::object() : Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (!object->json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(function, ": invalid options \"", json, "\", expected a JSON object like {\"name\":\"value\"}"));
  }
  return OptionReader(std::move(object));
}

bool OptionReader::Has(absl::string_view key) {
  return object_->json.contains(std::string(key));
}

absl::Status OptionReader::Get(absl::string_view key, bool* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  if (found->is_boolean()) {
    *value = found->get<bool>();
  } else if (found->is_number_integer() && (*found == 0 || *found == 1)) {
    *value = *found == 1;
  } else {
    return object_->Unfit(key, *found, "true or false");
  }
  return absl::OkStatus();
}

absl::Status OptionReader::Get(absl::string_view key, std::string* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  if (!found->is_string()) return object_->Unfit(key, *found, "a text");
  *value = found->get<std::string>();
  return absl::OkStatus();
}

absl::Status OptionReader::Get(absl::string_view key, std::vector<std::string>* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  std::vector<std::string> texts;
  if (!found->is_array()) return object_->Unfit(key, *found, "an array of texts");
  for (const Json& item : *found) {
    if (!item.is_string()) return object_->Unfit(key, *found, "an array of texts");
    texts.push_back(item.get<std::string>());
  }
  *value = std::move(texts);
  return absl::OkStatus();
}

absl::Status OptionReader::Get(absl::string_view key, std::vector<std::pair<std::string, std::string>>* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!found->is_object()) return object_->Unfit(key, *found, "an object of texts");
  for (const auto& [name, item] : found->items()) {
    if (!item.is_string()) return object_->Unfit(key, *found, "an object of texts");
    pairs.emplace_back(name, item.get<std::string>());
  }
  *value = std::move(pairs);
  return absl::OkStatus();
}

absl::Status OptionReader::GetObject(absl::string_view key, std::string* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  if (!found->is_object()) return object_->Unfit(key, *found, "an object");
  *value = found->dump(-1, ' ', false, Json::error_handler_t::replace);
  return absl::OkStatus();
}

absl::Status OptionReader::GetInteger(absl::string_view key, int64_t least, int64_t most, int64_t* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  // A number past 2^63 is unsigned to the JSON library, and would come out negative.
  const bool whole = found->is_number_integer() &&
                     !(found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
  if (!whole || found->get<int64_t>() < least || found->get<int64_t>() > most) {
    return object_->Unfit(key, *found,
                          most == INT64_MAX ? absl::StrCat("a whole number of at least ", least)
                                            : absl::StrCat("a whole number from ", least, " to ", most));
  }
  *value = found->get<int64_t>();
  return absl::OkStatus();
}

absl::Status OptionReader::GetChoice(absl::string_view key, const std::vector<std::string>& choices,
                                     std::string* value) {
  const Json* found = object_->Find(key);
  if (found == nullptr) return absl::OkStatus();
  for (const std::string& choice : choices) {
    if (found->is_string() && found->get<std::string>() == choice) {
      *value = choice;
      return absl::OkStatus();
    }
  }
  return object_->Unfit(key, *found, absl::StrCat("one of \"", absl::StrJoin(choices, "\", \""), "\""));
}

absl::Status OptionReader::Finish() const {
  for (const auto& [key, value] : object_->json.items()) {
    bool known = false;
    for (const std::string& asked : object_->asked) known = known || asked == key;
    if (!known) {
      return absl::InvalidArgumentError(absl::StrCat(object_->function, ": unknown option \"", key, "\" with value ",
                                                     value.dump(-1, ' ', false, Json::error_handler_t::replace),
                                                     ", expected one of \"", absl::StrJoin(object_->asked, "\", \""),
                                                     "\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::sqlite
