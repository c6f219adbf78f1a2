// The types and values of values.txt, and the tables that they are sent in.

#ifndef DELTAMIRROR_TESTS_TYPES_TYPE_VALUES_H_
#define DELTAMIRROR_TESTS_TYPES_TYPE_VALUES_H_

#include <string>
#include <vector>

#include "tests/lab/cluster.h"

namespace deltamirror {

struct TypeValues {
  std::string type;                 // as format_type prints it
  std::vector<std::string> setup;   // SQL that its values need
  std::vector<std::string> values;  // SQL expressions
};

// A table for each type, t0, t1, ..., with REPLICA IDENTITY FULL and without a key. Its columns:
//   n        0 for a row of NULLs, then the number of the value
//   x        the value
//   d        the same in a domain over the type
//   r        a composite type with the value in it
//   a, b, c  arrays of it: with a NULL behind it, of two dimensions, with other bounds than from 1 (in row 0: an empty
//            array), where the type has one
//   s, m     a range from, to or around it, and a multirange (from PostgreSQL 14 on), where the type has an order
class TypeTables {
 public:
  // Makes what the values need, and the tables, without rows. With what the server knows: `version` is Cluster's.
  TypeTables(lab::Session* session, int version);

  void Fill();

  const std::vector<TypeValues>& types() const { return types_; }
  static std::string Name(size_t type);
  // All of them, as an argument of deltamirror_bootstrap.
  std::string Names() const;

 private:
  void Make(size_t type);
  std::string Row(size_t type, size_t value) const;

  lab::Session* const session_;
  const std::vector<TypeValues> types_;
  const bool has_multiranges_;
  std::vector<bool> has_array_;
  std::vector<bool> has_range_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_TYPE_VALUES_H_
