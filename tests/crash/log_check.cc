#include "tests/crash/log_check.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {
namespace {

using deltaflood::Action;

}  // namespace

std::string LogCheck::Check() {
  std::string complaint = CheckFiles();
  return complaint.empty() ? CheckLines() : complaint;
}

void LogCheck::Forget(const std::string& file, int64_t size) {
  const auto found = seen_.find(file);
  if (found != seen_.end() && static_cast<int64_t>(found->second.size()) > size) found->second.resize(size);
}

std::string LogCheck::CheckFiles() {
  const auto names = daystream::ListDayFiles(directory_);
  if (!names.ok()) return std::string(names.status().message());
  std::map<std::string, std::string> now;
  for (const std::string& name : *names) {
    const std::string path = absl::StrCat(directory_, "/", name);
    std::string content = lab::ReadFile(path);
    if (!content.empty() && content.back() != '\n') return absl::StrCat("file ", path, " ends within a line");
    now[path] = std::move(content);
  }
  for (const auto& [path, before] : seen_) {
    if (!absl::StartsWith(now[path], before)) return absl::StrCat("file ", path, " has changed where it was written");
  }
  seen_ = std::move(now);
  return "";
}

std::string LogCheck::CheckLines() {
  auto reader = daystream::Reader::Open(directory_, {});
  if (!reader.ok()) return std::string(reader.status().message());
  deltaflood::Parser parser;
  deltaflood::Record record;
  daystream::Line line;
  uint64_t last_commit = 0;
  bool open = false;
  uint32_t xid = 0;
  commits_ = rollbacks_ = 0;
  while (true) {
    const absl::StatusOr<bool> got = (*reader)->Next(&line);
    if (!got.ok()) return std::string(got.status().message());
    if (!*got) break;
    if (const absl::Status status = parser.Parse(line.record_text, &record); !status.ok()) {
      return absl::StrCat(status.message(), ", ", (*reader)->Where());
    }
    if (open && record.xid != xid) return absl::StrCat("transaction ", xid, " has no end, ", (*reader)->Where());
    xid = record.xid;
    open = record.action != Action::kCommit && record.action != Action::kRollback;
    if (record.action == Action::kRollback) ++rollbacks_;
    if (record.action != Action::kCommit) continue;
    if (record.lsn <= last_commit) return absl::StrCat("transaction ", xid, " is there twice, ", (*reader)->Where());
    last_commit = record.lsn;
    ++commits_;
  }
  return open ? absl::StrCat("transaction ", xid, " has no end") : "";
}

}  // namespace deltamirror::crash
