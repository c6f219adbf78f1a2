// What a daystream knows of itself, and what a source's name means.

#ifndef DELTAMIRROR_DAYSTREAM_SOURCE_H_
#define DELTAMIRROR_DAYSTREAM_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/confirmed_end.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

// The content of daystream.json, beside the day files. docs/formats.md
// describes it. A daystream that is fed from a file instead of a slot has empty
// texts here.
struct SourceInfo {
  std::string system_identifier;  // of the server, as IDENTIFY_SYSTEM gives it
  int64_t timeline = 0;
  std::string database;
  std::string slot;
  std::string plugin;
  // what the slot's stream was asked for; informative
  std::string tables;
  // The columns and rows of tables that are here, see types::TableFilters; empty: all. For first copies.
  std::string filters;
  std::string publication;  // pgoutput's; empty: not known
  // The slot is on a standby: the primary, which first copies come from, does
  // not have it.
  bool standby = false;
  int64_t began = 0;  // Unix seconds of the first start
  // A transaction ID taken from the server at the first start, 64 bits wide:
  // transactions with a higher one are here from their beginning; 0: not known
  uint64_t began_xid = 0;
  // "X/X": last LSN that the server was told is safe here; empty before the
  // first
  std::string confirmed_lsn;
  // the last transaction that confirmed_lsn stands for; nothing before the first, and in an older daystream
  std::optional<ConfirmedEnd> confirmed_end;
  // every line that ends a transaction has a check (see check.h): so in every
  // daystream that a Writer has begun
  bool checks = false;

  friend bool operator==(const SourceInfo&, const SourceInfo&) = default;
};

// OK if both are the same stream: same system identifier, database and slot.
// Else FailedPrecondition, with both and what to do.
absl::Status CheckSameSource(absl::string_view directory, const SourceInfo& kept, const SourceInfo& given);

// NotFound if the directory has no daystream.json; DataLoss, naming the file,
// if it cannot be understood.
absl::StatusOr<SourceInfo> LoadSourceInfo(const std::string& directory);

// Replaces daystream.json in one step: a reader, or a crash, finds the old one
// or the new one.
absl::Status SaveSourceInfo(const std::string& directory, const SourceInfo& info,
                            FileSystem* files = FileSystem::Default());

// Where a source or destination is. The text is a path, or "file:" and a path,
// of a directory or a single file. Any other scheme
// ("nats://...") is an Unimplemented error; an empty text is InvalidArgument.
struct Location {
  std::string path;
  bool is_directory = false;
};

// The path is looked at: NotFound if nothing is there.
absl::StatusOr<Location> ResolveSource(absl::string_view source);

// The path alone, for a destination that may not be there yet.
absl::StatusOr<std::string> ResolveDestination(absl::string_view destination);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_SOURCE_H_
