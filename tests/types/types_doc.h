// The tables of docs/types.md, which the tests take at their word.

#ifndef DELTAMIRROR_TESTS_TYPES_TYPES_DOC_H_
#define DELTAMIRROR_TESTS_TYPES_TYPES_DOC_H_

#include <map>
#include <string>
#include <vector>

namespace deltamirror {

// What the document says of a type.
struct TypeDoc {
  std::string declared;             // "INTEGER"; "" for nothing
  std::vector<std::string> stored;  // storage classes that typeof() gives: "integer", "real", ...
  std::string compares;             // "order" (and equality), "equality" or "no": what is as in PostgreSQL
};

struct ExampleDoc {
  std::string type;
  std::string printed;  // by PostgreSQL
  std::string storage;  // typeof() in SQLite
  std::string stored;   // what SQLite prints, a blob as quote() does
};

// By the type's name, as format_type prints it without modifiers. The rows of the first table begin with one or more
// names in `backticks`.
std::map<std::string, TypeDoc> ReadTypeDocs();

// The table of examples.
std::vector<ExampleDoc> ReadExampleDocs();

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_TYPES_DOC_H_
