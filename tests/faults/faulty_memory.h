// Allocations of SQLite that fail, for tests that make each of them fail in turn.

#ifndef DELTAMIRROR_TESTS_FAULTS_FAULTY_MEMORY_H_
#define DELTAMIRROR_TESTS_FAULTS_FAULTY_MEMORY_H_

namespace deltamirror {

// A program that is linked with this gives SQLite its memory through here from the start. For one thread at a time.
class FaultyMemory {
 public:
  // The nth allocation from now on fails, or with `for_good` all from there on. 0: none.
  static void FailAt(int nth, bool for_good = false);

  // Whether one has failed since FailAt.
  static bool failed();
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_FAULTY_MEMORY_H_
