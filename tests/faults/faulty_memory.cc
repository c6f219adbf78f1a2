#include "tests/faults/faulty_memory.h"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>

namespace deltamirror {
namespace {

sqlite3_mem_methods real;
int countdown = 0;
bool forever = false;
bool has_failed = false;

bool Fails() {
  if (countdown == 0 || (countdown > 1 && --countdown > 0)) return false;
  has_failed = true;
  if (!forever) countdown = 0;
  return true;
}

void* Allocate(int size) {
  return Fails() ? nullptr : real.xMalloc(size);
}

void* Reallocate(void* memory, int size) {
  return Fails() ? nullptr : real.xRealloc(memory, size);
}

// Before SQLite's first use, which is when it takes its memory for good.
const bool installed = [] {
  bool done = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) == SQLITE_OK;
  sqlite3_mem_methods faulty = real;
  faulty.xMalloc = Allocate;
  faulty.xRealloc = Reallocate;
  done = done && sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty) == SQLITE_OK;
  if (done) return true;
  std::fprintf(stderr, "could not give SQLite its memory\n");
  std::abort();
}();

}  // namespace

void FaultyMemory::FailAt(int nth, bool for_good) {
  countdown = nth;
  forever = for_good;
  has_failed = false;
}

bool FaultyMemory::failed() {
  return has_failed;
}

}  // namespace deltamirror
