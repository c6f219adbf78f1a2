// What tests/fidelity/ddl_test.cc plays.

#ifndef DELTAMIRROR_TESTS_FIDELITY_DDL_CASES_H_
#define DELTAMIRROR_TESTS_FIDELITY_DDL_CASES_H_

#include <string>
#include <vector>

namespace deltamirror::fidelity {

struct DdlCase {
  std::string name;
  // On the table T of ddl_test.cc; T is its own name, S that of a schema.
  std::vector<std::string> ddl;
  // Rows behind it, for those that the usual statements do not fit.
  std::vector<std::string> after = {};
};

std::vector<DdlCase> DdlCases();

}  // namespace deltamirror::fidelity

#endif  // DELTAMIRROR_TESTS_FIDELITY_DDL_CASES_H_
