"""Fuzz targets.

  fuzz_target(name = "x", deps = [...])

srcs are ["x.cc"], which defines LLVMFuzzerTestOneInput; the corpus is corpus/x. Makes two programs: x_fuzzer, libFuzzer's,
which only clang can build (scripts/test --fuzz), and the test x_test, which gives the target its corpus once.
"""

def fuzz_target(name, deps = []):
    native.cc_library(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        deps = deps + [
            ":input",
            "@abseil//:absl",
        ],
        alwayslink = True,
    )
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":" + name],
    )
    native.cc_test(
        name = name + "_test",
        size = "small",
        srcs = ["replay_main.cc"],
        args = ["tests/fuzz/corpus/" + name],
        data = native.glob(["corpus/%s/*" % name]),
        deps = [":" + name],
    )
