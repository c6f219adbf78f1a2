"""Tests that load the extension, and those that start a server.

  lab_test(name = "x_test", deps = [...])                  Host and Process find the extension
  lab_test(name = "x_test", deps = [...], server = True)   and Cluster starts a server
  lab_test(name = "x_test", deps = [...], plugin = True)   and that server can load deltaflood

srcs are ["<name>.cc"]. A test of a room alone, with neither, is a plain cc_test.
"""

def lab_test(name, deps = [], server = False, plugin = False, size = None, data = [], env = {}, tags = [], **kwargs):
    server = server or plugin
    paths = {"DELTAMIRROR_EXTENSION": "//:deltamirror.so"}
    if server:
        paths["DELTAMIRROR_CLUSTER"] = "//tests/lab:cluster"
        paths["DELTAMIRROR_CLUSTER_TEMPLATE"] = "//tests/lab:cluster_template"
    if plugin:
        paths["DELTAMIRROR_PLUGIN"] = "//:deltaflood.so"
    native.cc_test(
        name = name,
        size = size or ("medium" if server else "small"),
        srcs = [name + ".cc"],
        data = data + paths.values(),
        env = dict(env, **{key: "$(rootpath %s)" % label for key, label in paths.items()}),
        # Bazel's sandbox maps one user only, and a server does not run as root.
        tags = tags + (["local"] if server else []),
        deps = deps + ["//third_party:googletest_main"],
        **kwargs
    )
