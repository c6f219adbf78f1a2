// What PostgreSQL prints.

#ifndef DELTAMIRROR_TESTS_TYPES_PRINTED_H_
#define DELTAMIRROR_TESTS_TYPES_PRINTED_H_

#include <string>
#include <vector>

#include "tests/lab/cluster.h"
#include "tests/types/expected.h"

namespace deltamirror {

// The rows of a query as the types' output functions print them, with the settings that a mirror's sessions have.
std::vector<std::vector<PrintedValue>> Printed(lab::Cluster* cluster, const std::string& sql);

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_PRINTED_H_
