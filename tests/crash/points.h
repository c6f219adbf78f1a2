// Named moments of deltastream and deltamirror at which a process can be held, for its killer to come.
//
// The extension knows nothing of it. It is loaded into crash_host, a program that stands between it and the operating
// system (calls.cc: write, fdatasync, rename, ...) and between it and SQLite (statements.cc: what begins and ends), and
// so sees each of these moments pass by. What is tested is the extension as it is delivered.
//
// crash_host reads what to do from its environment:
//   CRASH_AT=name:count   be held the count-th time that the moment `name` comes
//   CRASH_MARK=path       the file that is made then; SIGSTOP holds the process, SIGCONT lets it go on
//   CRASH_CLOCK=ms        what is added to the clock that stamps lines, time()
//   CRASH_RATE=n          how many times as fast as others it goes, from the program's start on
//   CRASH_SYNCED=path     a file that is told, for each day file, how many of its bytes have been synced

#ifndef DELTAMIRROR_TESTS_CRASH_POINTS_H_
#define DELTAMIRROR_TESTS_CRASH_POINTS_H_

namespace deltamirror::crash {

// In the process that streams.
inline constexpr const char* kStreamPoints[] = {
    "stream-write",    // lines are about to be written to a day file
    "stream-torn",     // half of them are
    "stream-written",  // between write and fsync
    "stream-synced",   // between fsync and confirm
    "confirm-rename",  // daystream.json is about to be replaced
    "confirm-renamed",
    "confirm-send",  // the server is about to be told
    "confirm-sent",
};

// The same, within a large transaction, so that a part of it without its end is left behind.
inline constexpr const char* kLargePoints[] = {"large-write", "large-torn", "large-written"};

// The same, at midnight UTC.
inline constexpr const char* kRotatePoints[] = {
    "rotate-open",  // the next day's file is about to be made
    "rotate-opened",
    "rotate-write",  // and to get its first line
};

// The same, when a transaction that was left without its end is closed.
inline constexpr const char* kRollbackPoints[] = {"rollback-write", "rollback-torn", "rollback-written"};

// The same, when a daystream is begun.
inline constexpr const char* kBeginPoints[] = {
    "begin-file",  // the first day's file is about to be made
    "begin-filed",
    "begin-rename",  // daystream.json is
    "begin-renamed",
};

// In the process that mirrors, or makes a first copy.
inline constexpr const char* kMirrorPoints[] = {
    "row",          // a statement that changes rows is about to run
    "position",     // between the last row and the position
    "commit",       // COMMIT is about to run
    "commit-io",    // within it: a write, a sync or the end of a journal
    "commit-torn",  // within it: half a write is done
    "committed",    // it is over
};

// The same, within a transaction that SQLite cannot hold in memory.
inline constexpr const char* kSpillPoint = "spill";

// The same, in a first copy: its tables are about to be made.
inline constexpr const char* kCreatePoint = "create";

// Holds the process if this is the moment that was asked for.
void Reached(const char* point);

// The same, for a moment between two halves of one act: true if it is this one. Then the caller does the first half,
// calls Hold, and goes on with the second.
bool IsNow(const char* point);
void Hold(const char* point);

// Whether a moment of that name was asked for, and has not come yet.
bool IsAwaited();

// Told by statements.cc: whether a COMMIT is running.
void SetCommitting(bool committing);

// Told by the program: the path of its database.
void SetDatabase(const char* path);

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_POINTS_H_
