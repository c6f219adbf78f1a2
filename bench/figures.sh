# What the benchmarks share: how they time, take medians and print. To be sourced; functions on a server expect $conninfo.

# Of a benchmark's arguments: sets $json, where its figures go, too. The comment that it starts with is its help.
read_arguments() { # [--json FILE | --help]
  json=/dev/null
  case "$#:${1:-}" in
    0:) ;;
    2:--json) json=$2 ;;
    1:--help | 1:-h) sed -n '2,/^set /s/^# \{0,1\}//p' "bench/${0##*/}" && exit ;;
    *) echo "${0##*/}: unknown argument \"$1\", expected --json FILE, or --help" >&2 && exit 1 ;;
  esac
}

server() { psql -XAtqd "$conninfo" -c "$1"; }

# Seconds of a command by the clock, which waits for nobody else's writes.
timed() {
  sync
  local begin=$EPOCHREALTIME
  "$@" >/dev/null || exit
  awk -v b="$begin" -v e="$EPOCHREALTIME" 'BEGIN {printf "%.3f\n", e - b}'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f", a / b}'; }

median() { sort -n "$1" | awk '{v[NR] = $1} END {printf "%.3f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# A line of a benchmark's table: WHAT HOW-MANY SECONDS SECONDS-OF-THE-FLOOR [PEAK-MIB]
row() { awk -v what="$1" -v count="$2" -v seconds="$3" -v floor="$4" -v mib="${5:-}" 'BEGIN {printf "%-58s %9.2f %12.0f %8.2f %9s\n", what, seconds, count / seconds, seconds / floor, mib}'; }

# For a sqlite3 shell: notes the most memory that it has had, in kB. (Quotes do not outlive .system.)
note_memory() { echo ".system grep VmHWM /proc/\$PPID/status >> $1"; }
# The same of another process.
note_memory_of() { grep VmHWM "/proc/$1/status" >>"$2"; }
peak_kib() { awk '$2 > most {most = $2} END {print most + 0}' "$1"; }
peak_mib() { awk -v kib="$(peak_kib "$1")" -v idle="${2:-0}" 'BEGIN {printf "%.1f", (kib - idle) / 1024}'; }
