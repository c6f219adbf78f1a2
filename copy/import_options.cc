#include "copy/import_options.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sqlite/options.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

using Mode = ImportOptions::Mode;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Mode ModeOf(absl::string_view name) {
  if (name == "create") return Mode::kCreate;
  if (name == "append") return Mode::kAppend;
  if (name == "replace") return Mode::kReplace;
  if (name == "refresh") return Mode::kRefresh;
  return Mode::kAuto;
}

absl::Status Contradiction(absl::string_view one, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("option \"", one, "\" ", reason));
}

absl::Status CheckCombination(const ImportOptions& options) {
  if (options.check && options.mode != Mode::kAuto && options.mode != Mode::kReplace) {
    return Contradiction("check", "compares rows by their key, so it needs mode \"replace\"");
  }
  if (!options.since.empty() && options.mode == Mode::kRefresh) {
    return Contradiction("since", "keeps the rows imported before, but mode \"refresh\" deletes them");
  }
  if (!options.since.empty() && options.commit_every > 0 && options.mode != Mode::kReplace) {
    return Contradiction("since",
                         "with \"commit_every\" would bring rows twice after a failure, so it needs mode \"replace\"");
  }
  return absl::OkStatus();
}

// A declared type is not quoted in CREATE TABLE: so it may be words, and numbers in parentheses.
absl::Status CheckDeclaredTypes(const ImportOptions& options) {
  for (const auto& [name, type] : options.columns) {
    for (const char c : type) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == ' ' || c == '_' || c == '(' || c == ')' ||
          c == ',') {
        continue;
      }
      return absl::InvalidArgumentError(absl::StrCat("invalid value \"", type, "\" for column \"", name,
                                                     "\" in option \"columns\", expected a type such as \"TEXT\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportOptions> ParseImportOptions(absl::string_view function, absl::string_view json) {
  ImportOptions options;
  std::string mode = "auto";
  std::vector<std::pair<std::string, std::string>> types;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(function, json));
  RETURN_IF_ERROR(reader.GetChoice("mode", {"auto", "create", "append", "replace", "refresh"}, &mode));
  RETURN_IF_ERROR(reader.Get("columns", &options.columns));
  RETURN_IF_ERROR(reader.Get("primary_key", &options.primary_key));
  std::string null;
  const bool null_given = reader.Has("null");
  RETURN_IF_ERROR(reader.Get("null", &null));
  if (null_given) options.null = null;
  RETURN_IF_ERROR(reader.GetInteger("commit_every", 1, kNoLimit, &options.commit_every));
  RETURN_IF_ERROR(reader.Get("check", &options.check));
  RETURN_IF_ERROR(reader.Get("since", &options.since));
  RETURN_IF_ERROR(reader.Get("types", &types));
  RETURN_IF_ERROR(reader.Get("without_rowid", &options.without_rowid));
  RETURN_IF_ERROR(reader.Get("strict", &options.strict));
  bool progress = false;
  const bool progress_given = reader.Has("progress");
  RETURN_IF_ERROR(reader.Get("progress", &progress));
  if (progress_given) options.progress = progress;
  RETURN_IF_ERROR(reader.Finish());
  options.mode = ModeOf(mode);
  ASSIGN_OR_RETURN(options.types, types::Overrides::Parse(types));
  RETURN_IF_ERROR(CheckDeclaredTypes(options));
  RETURN_IF_ERROR(CheckCombination(options));
  return options;
}

}  // namespace deltamirror::copy
