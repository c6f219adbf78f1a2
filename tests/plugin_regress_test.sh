#!/usr/bin/env bash
# The plugin's regression tests (plugin/sql, plugin/expected) on a cluster of their own.
#
#   plugin_regress_test.sh DELTAFLOOD.SO [TEST...]
#
# DELTAMIRROR_PGBIN and DELTAMIRROR_SERVER_PLUGIN name another server, and the plugin for it (tests/lab/matrix).
# Runs each test of the REGRESS list in plugin/Makefile, or those that are named, with psql as pg_regress would,
# prints its result, and ends with a status that is not zero if one differs. Then looks at what only a client of
# the streaming protocol can see.
set -euo pipefail

plugin=${1:?usage: plugin_regress_test.sh DELTAFLOOD.SO [TEST...]}
shift
plugin=${DELTAMIRROR_SERVER_PLUGIN:-$plugin}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cluster=$root/tests/lab/cluster
dir=$(mktemp -d /tmp/plugin_regress.XXXXXX)
chmod 755 "$dir"
failures=0

cleanup() {
  "$cluster" stop "$dir/cluster" immediate
  rm -rf "$dir"
}
trap cleanup EXIT

report() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    echo "ok      $name"
  else
    echo "FAILED  $name"
    failures=$((failures + 1))
  fi
}

database() { # NAME
  echo "${conninfo/dbname=postgres/dbname=$1}"
}

sql() { # DATABASE STATEMENT...
  local where=$1 statement commands=()
  shift
  for statement in "$@"; do commands+=(-c "$statement"); done
  psql -X -q -At -v ON_ERROR_STOP=1 -d "$(database "$where")" "${commands[@]}"
}

# Prints what the slot has up to now, and confirms it.
stream() { # DATABASE SLOT OPTION...
  local where=$1 slot=$2 option options=()
  shift 2
  for option in "$@"; do options+=(-o "$option"); done
  PGCLIENTENCODING=UTF8 pg_recvlogical -d "$(database "$where")" --slot "$slot" --start --no-loop \
    --endpos="$(sql postgres 'SELECT pg_current_wal_insert_lsn()')" -f - "${options[@]}"
}

# Takes NAME_1.out and so on for other valid outputs, like pg_regress.
regress() { # NAME
  local expected
  PGCLIENTENCODING=UTF8 psql -X -a -q -d "$(database regression)" \
    <"$root/plugin/sql/$1.sql" >"$dir/$1.out" 2>&1 || true
  for expected in "$root/plugin/expected/$1.out" "$root/plugin/expected/$1"_?.out; do
    if [ -e "$expected" ] && cmp -s "$expected" "$dir/$1.out"; then return 0; fi
  done
  diff -u "$root/plugin/expected/$1.out" "$dir/$1.out"
}

# The message with a transaction's last line carries the transaction's end: a client that has confirmed it does not
# get the transaction again.
confirmed_is_not_sent_again() {
  sql regression 'CREATE TABLE confirmed (a int PRIMARY KEY)' \
    "SELECT pg_create_logical_replication_slot('confirmed', 'deltaflood')" \
    'INSERT INTO confirmed SELECT generate_series(1, 100)' 'INSERT INTO confirmed VALUES (101)' >/dev/null
  stream regression confirmed mirror=on batch-size=500 >"$dir/first"
  stream regression confirmed mirror=on batch-size=500 >"$dir/second"
  [ "$(grep -c '_action	insert' "$dir/first")" = 101 ] &&
    [ "$(grep -c 'commit$' "$dir/first")" = 2 ] && [ ! -s "$dir/second" ]
}

# A mirror's lines come in the client's encoding, here UTF8; the original's always came in the server's.
lines_have_encoding() {
  sql latin 'CREATE TABLE t (a text)' "SELECT pg_create_logical_replication_slot('mirror', 'deltaflood')" \
    "SELECT pg_create_logical_replication_slot('original', 'deltaflood')" >/dev/null
  sql latin "INSERT INTO t VALUES (U&'caf\00e9')"
  stream latin mirror mirror=on >"$dir/mirror"
  stream latin original >"$dir/original"
  LC_ALL=C grep -aq $'a\tcaf\xc3\xa9$' "$dir/mirror" && LC_ALL=C grep -aq $'a\tcaf\xe9$' "$dir/original"
}

# Decoding a transaction of which nothing is printed takes longer than the timeout, and the client is told in time.
# Little memory, because the server itself is silent while it writes a transaction's changes to disk. On a busy machine a
# process may be kept waiting for that long, whatever the plugin does: then once more.
filtered_transaction_does_not_time_out() {
  sql regression 'CREATE TABLE filtered (a int)' \
    "SELECT pg_create_logical_replication_slot('filtered', 'deltaflood')" \
    'INSERT INTO filtered SELECT generate_series(1, 1000000)' 'CREATE TABLE other (a int)' \
    'INSERT INTO other VALUES (1)' >/dev/null
  local attempt
  for attempt in 1 2 3 4 5; do
    PGOPTIONS='-c wal_sender_timeout=600ms -c logical_decoding_work_mem=2MB' \
      stream regression filtered mirror=on tables=other >"$dir/filtered" || echo "attempt $attempt"
    [ "$(grep -c '_action	insert' "$dir/filtered")" != 1 ] || return 0
  done
  return 1
}

mapfile -t names < <(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$root/plugin/Makefile" |
  sed -n 's/^REGRESS = //p' | tr -s ' \t' '\n')
[ $# = 0 ] || names=("${names[0]}" "$@" "${names[-1]}")

conninfo=$("$cluster" start "$dir/cluster" --plugin "$plugin" --owner $$ -c max_prepared_transactions=10)
sql postgres 'CREATE DATABASE regression TEMPLATE template0' \
  "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
for name in "${names[@]}"; do report "$name" regress "$name"; done
if [ $# = 0 ]; then
  report 'stream: confirmed transactions are not sent again' confirmed_is_not_sent_again
  report "stream: a mirror's lines have the client's encoding" lines_have_encoding
  report 'stream: a filtered transaction does not time out' filtered_transaction_does_not_time_out
fi
exit $((failures > 0))
