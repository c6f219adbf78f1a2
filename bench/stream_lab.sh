# What bench/output_plugin, bench/deltastream, bench/backlog and bench/scale share: a cluster with a slot for each plugin, and changes that wait in them.
# To be sourced; expects $work, leaves $conninfo. PLUGIN_PEERS="FILE.so ...": further output plugins that the server can load.
. bench/figures.sh
lab_options=() # further ones for tests/lab/cluster

# Where decoding begins for all: slots are made before the changes, and copied for each run.
start_lab() { # PLUGIN...
  local list plugin file files=() peers=''
  for file in bazel-bin/deltaflood.so bazel-bin/bench/commits_only/commits_only.so ${PLUGIN_PEERS:-}; do
    files+=(--plugin "$(readlink -f "$file")")
  done
  for plugin in $(peer_plugins); do peers+=", $plugin"; done
  conninfo=$(tests/lab/cluster start "$work/pg" "${files[@]}" --owner $$ -c shared_buffers=1GB -c max_wal_size=16GB \
    -c logical_decoding_work_mem=1GB "${lab_options[@]}")
  if [ "$(server "SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'")" = 1 ]; then
    list=$(server 'SHOW output_plugin_libraries')
    server "ALTER SYSTEM SET output_plugin_libraries = $list, commits_only, wal2json$peers" >/dev/null
    server 'SELECT pg_reload_conf()' >/dev/null
    until [[ $(server 'SHOW output_plugin_libraries') = *commits_only* ]]; do sleep 0.1; done
  fi
  server 'CREATE PUBLICATION bench FOR ALL TABLES' >/dev/null
  for plugin in "$@"; do server "SELECT pg_create_logical_replication_slot('$plugin', '$plugin')" >/dev/null; done
}

# The names of PLUGIN_PEERS.
peer_plugins() {
  local file
  for file in ${PLUGIN_PEERS:-}; do basename "$file" .so; done
}

# The slides' numbers: 1.7 million changes, on a table of four columns or of fourteen, in as many transactions, one or three.
make_changes() { # COLUMNS CHANGES TRANSACTIONS
  create_changes "$1"
  change_much "$@"
}

create_changes() { # COLUMNS
  local more='' i
  for ((i = 4; i < $1; i += 2)); do more+=", c$i integer, d$i text"; done
  server "CREATE TABLE changes (id bigint PRIMARY KEY, flight text, altitude integer, latitude double precision$more)" >/dev/null
}

change_much() { # COLUMNS CHANGES TRANSACTIONS
  local columns=$1 inserts=$(($2 * 2 / 5)) others=$(($2 * 3 / 10)) values='' i statements statement
  for ((i = 4; i < columns; i += 2)); do values+=", i % $((i * 997)), 'remark ' || i % $((i * 31))"; done
  statements=(
    "INSERT INTO changes SELECT i, 'UA' || i % 9000, i % 45000, (i % 18000 - 9000) / 97.0$values FROM generate_series(1, $inserts) AS i;"
    "UPDATE changes SET altitude = altitude + 1 WHERE id <= $others;"
    "DELETE FROM changes WHERE id <= $others;"
  )
  [ "$3" != 1 ] || statements=("${statements[*]}")
  for statement in "${statements[@]}"; do server "$statement" >/dev/null; done
  server 'CHECKPOINT' >/dev/null
}

make_small_transactions() { # COUNT, of one change
  create_changes 4
  change_often "$1"
}

change_often() { # COUNT
  seq "$1" | awk '{printf "INSERT INTO changes VALUES (%d, '\''UA%d'\'', %d, %d.25);\n", $1, $1 % 9000, $1 % 45000, $1 % 180}' |
    PGOPTIONS='-c synchronous_commit=off' psql -Xqd "$conninfo" >/dev/null
}

# A fresh copy of a plugin's slot, named "run".
copy_slot() { server "SELECT pg_copy_logical_replication_slot('$1', 'run')" >/dev/null; }
drop_slot() { server "SELECT pg_drop_replication_slot('run')" >/dev/null; }

# pg_recvlogical of slot "run" up to now, into a file.
receive() { # FILE [OPTION...]
  local file=$1
  shift
  "$(pg_bindir)/pg_recvlogical" -d "$conninfo" -S run --start -n -f "$file" --endpos "$(server 'SELECT pg_current_wal_lsn()')" "$@"
}

pg_bindir() {
  if [ -n "${DELTAMIRROR_PGBIN:-}" ]; then echo "$DELTAMIRROR_PGBIN"; else printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1; fi
}
