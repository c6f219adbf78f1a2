"""@postgresql_server//:headers: the newest server headers that Debian's postgresql-server-dev packages have installed."""

_BUILD = """
cc_library(
    name = "headers",
    hdrs = glob(["server/**/*.h"]),
    includes = ["server"],
    visibility = ["//visibility:public"],
)
"""

def _impl(repository_ctx):
    found = repository_ctx.execute(["sh", "-c", "ls -d /usr/include/postgresql/*/server | sort -V | tail -n 1"])
    path = found.stdout.strip()
    if not path:
        fail("no PostgreSQL server headers under /usr/include/postgresql. Run scripts/setup.")
    repository_ctx.symlink(path, "server")
    repository_ctx.file("BUILD", _BUILD)

postgresql_server = repository_rule(implementation = _impl, local = True)
