"""Draws the figures of scripts/bench --json FILE as bar charts, one SVG for each benchmark.

    python3 bench/plots.py FILE FOLDER

Floors are grey, deltamirror's bars are blue, other programs' are light. Nothing but the standard library is needed.
"""

import html
import json
import pathlib
import sys

FLOOR, OURS, PEER = "#8c8c8c", "#2f6fb5", "#c3d4e6"
IMPORT_PEERS = (
    ("csv_s", "psql \\copy and .import"),
    ("ogr_s", "ogr2ogr"),
    ("pg_sqlite_s", "Pgtcl's pg_sqlite"),
    ("zero_cache_s", "zero-cache"),
)
WIDTH, LABELS, BAR, GAP, TITLE = 760, 330, 16, 6, 26


def import_rows(figures):
    for one in figures if isinstance(figures, list) else [figures]:
        title = "{}, {:,} rows: seconds".format(one.get("shape", "14 columns"), one["rows"])
        rows = [("COPY binary, thrown away (floor)", one["copy_s"], FLOOR)]
        if "select_s" in one:
            rows.append(("INSERT ... SELECT from memory (floor)", one["select_s"], FLOOR))
        if "both_s" in one:
            rows.append(("these two at once", one["both_s"], FLOOR))
        rows.append(("prepared INSERT of the decoded rows (floor)", one["insert_s"], FLOOR))
        rows.append(("pg_import", one["import_s"], OURS))
        rows += [(name, one[key], PEER) for key, name in IMPORT_PEERS if one.get(key)]
        yield title, rows


def plugin_rows(figures):
    for one in figures:
        names = {"commits_only": ("prints only commits (floor)", FLOOR), "deltaflood": ("deltaflood", OURS)}
        rows = []
        for key, value in one.items():
            if key.endswith("_s"):
                name, colour = names.get(key[:-2], (key[:-2], PEER))
                rows.append((name, value, colour))
        yield "{:,} changes, {} columns: seconds".format(one["changes"], one["columns"]), rows


def deltastream_rows(figures):
    for one in figures:
        yield "{}, {:,}: seconds".format(one["backlog"], one["count"]), [
            ("pg_recvlogical to /dev/null (floor)", one["null_s"], FLOOR),
            ("deltastream, durable", one["deltastream_s"], OURS),
            ("pg_recvlogical to a file", one["file_s"], PEER),
        ]


def apply_rows(figures):
    for one in figures:
        rows = [("prepared statements, decoded before (floor)", one["floor_s"], FLOOR), ("deltamirror", one["deltamirror_s"], OURS)]
        rows += [(name, one[key], PEER) for key, name in (("python_s", "a Python script"), ("tcl_s", "a Tcl script")) if key in one]
        yield "{}, {:,} changes: seconds".format(one["shape"], one["changes"]), rows


def backlog_rows(figures):
    for one in figures:
        yield "{}, {:,}: seconds".format(one["backlog"], one["count"]), [
            (name, one[key], colour)
            for key, name, colour in (
                ("null_s", "pg_recvlogical to /dev/null (floor)", FLOOR),
                ("mirror_s", "PostgreSQL to SQLite", OURS),
                ("zero_cache_s", "zero-cache", PEER),
            )
            if key in one
        ]


def colour_of(what):
    if what.startswith(("deltamirror", "daystream")):
        return OURS
    return PEER if what.startswith("zero-cache") else FLOOR


def millisecond_rows(figures):
    for quantile in ("p50", "p99"):
        yield quantile + ", milliseconds", [
            (one["what"], one[quantile + "_ms"], colour_of(one["what"])) for one in figures if quantile + "_ms" in one
        ]


def scale_rows(figures):
    for what in dict.fromkeys(one["what"] for one in figures):
        yield what + ": microseconds each", [("{:,}".format(one["size"]), one["us"], OURS) for one in figures if one["what"] == what]


CHARTS = {
    "import": import_rows,
    "output_plugin": plugin_rows,
    "deltastream": deltastream_rows,
    "apply": apply_rows,
    "backlog": backlog_rows,
    "latency": millisecond_rows,
    "seek": millisecond_rows,
    "scale": scale_rows,
}


def number(value):
    return "{:.2f}".format(value) if value < 100 else "{:,.0f}".format(value)


def text(x, y, content, anchor="start", extra=""):
    return '<text x="{}" y="{}" text-anchor="{}"{}>{}</text>'.format(x, y, anchor, extra, html.escape(content))


def draw(charts):
    parts, y = [], 8
    room = WIDTH - LABELS - 70
    for title, rows in charts:
        y += TITLE
        parts.append(text(8, y - 10, title, extra=' font-weight="bold"'))
        longest = max(value for _, value, _ in rows) or 1
        for label, value, colour in rows:
            parts.append(text(LABELS - 8, y + BAR - 4, label, "end"))
            width = max(1, round(room * value / longest))
            parts.append('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>'.format(LABELS, y, width, BAR, colour))
            parts.append(text(LABELS + width + 6, y + BAR - 4, number(value)))
            y += BAR + GAP
        y += GAP
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" font-family="sans-serif" font-size="12">'
    return "\n".join([head.format(WIDTH, y), '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


def main(source, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, figures in json.loads(pathlib.Path(source).read_text()).items():
        if name not in CHARTS:  # "machine"
            continue
        (folder / (name + ".svg")).write_text(draw(list(CHARTS[name](figures))))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
