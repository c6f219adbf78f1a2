// A mirror that is fed while a call of SQLite's fails: the first, the second, ... until a run needs no more calls.

#ifndef DELTAMIRROR_TESTS_FAULTS_MIRROR_SWEEP_H_
#define DELTAMIRROR_TESTS_FAULTS_MIRROR_SWEEP_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {

// What fails, and how.
struct Fault {
  std::function<void(int nth)> arm;  // 0: nothing fails any more
  std::function<bool()> failed;      // whether something has since it was armed
  bool of_memory = false;
};

// The numbers 1, 2, 3, ... as a sweep takes them: all of them at first, then some. All of them with SWEEP_ALL in the
// environment.
int NextOf(int nth);

// Whether `message` says what went wrong on SQLite's side.
bool NamesFault(const std::string& message);

// Whether an error came that names the fault or, where SQLite could do without the call, none.
void ExpectClear(const std::string& error, const std::string& when);

class MirrorSweep {
 public:
  enum class Way {
    kInsert,  // INSERT INTO m(line) SELECT ...: all in one transaction
    kFollow,  // deltamirror: a commit for each transaction of the source
  };
  static constexpr Way kWays[] = {Way::kInsert, Way::kFollow};
  static constexpr const char* kJournals[] = {"delete", "wal"};

  MirrorSweep();

  // After each run, position and rows are what they were after some transaction of the source, and the next run, on the
  // same connection or on another, brings the rest. The number of runs.
  int Sweep(Way way, const std::string& journal, const Fault& fault);

 private:
  void WriteSource(size_t transactions) const;
  static std::string Position(lab::Host* host);
  static std::string Content(lab::Host* host);
  std::string Sql(Way way) const;
  void MakeTemplate(const std::string& journal) const;
  void ExpectConsistent(const std::string& file, const std::string& when) const;

  std::string Source() const { return dir_.File("source.daystream"); }
  std::string Template() const { return dir_.File("template.db"); }

  lab::TempDir dir_;
  std::map<std::string, std::string> states_;  // content by position
  std::string last_;                           // the last of them
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_MIRROR_SWEEP_H_
