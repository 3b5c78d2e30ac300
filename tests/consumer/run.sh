#!/bin/sh
# Installs into an empty folder, moves the folder, and builds the consumers against it with CMake and with pkg-config;
# the header that the installed motbench exports from profile.json is compiled with them.
# usage: run.sh BUILD_DIR PROJECT_DIR CMAKE CC CXX
set -eu
build=$1 project=$2 cmake=$3 CC=$4 CXX=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "FAIL: $*"
    exit 1
}

"$cmake" --install "$build" --prefix "$work/first" >"$work/log" || fail "$(cat "$work/log")"
mv "$work/first" "$work/moved"
prefix=$work/moved
text=$(find "$prefix" -name '*.cmake' -o -name '*.pc' -o -name '*.h')
! grep -l -e "$build" -e "$work/first" $text || fail "the files above name folders of the build"

programs="consumer_c consumer_cxx consumer_static"
exported=
if [ -x "$prefix/bin/motbench" ]; then
    echo "== export"
    exported=$work/exported
    mkdir "$exported"
    "$prefix/bin/motbench" export --format c-header "$project/../profile.json" --out "$exported/mot_tuned.h" ||
        fail "motbench export: exit $?"
    programs="$programs exported_c exported_cc"
else
    echo "SKIP: the exported header: this build has no motbench"
fi

echo "== find_package, C, C++ and static"
"$cmake" -S "$project" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" \
    -DCMAKE_CXX_COMPILER="$CXX" -DMOT_EXPORTED_HEADER_DIR="$exported" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
"$cmake" --build "$work/build" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
for program in $programs; do
    "$work/build/$program" || fail "$program: exit $?"
done
! ldd "$work/build/consumer_static" | grep -F libmot || fail "consumer_static uses the shared library"
ldd "$work/build/consumer_c" | grep -qF "libmot.so.0 => $prefix" || fail "consumer_c does not use the installed library"

echo "== pkg-config, shared and static"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name mot.pc)")
LD_LIBRARY_PATH=$(pkg-config --variable=libdir "$PKG_CONFIG_PATH/mot.pc")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
"$CC" -std=c11 $(pkg-config --cflags mot) -o "$work/c" "$project/consumer.c" $(pkg-config --libs mot) -lm
"$work/c" || fail "pkg-config, shared: exit $?"
"$CXX" -std=c++17 $(pkg-config --cflags mot) -o "$work/cxx" "$project/consumer.cc" $(pkg-config --libs mot)
"$work/cxx" || fail "pkg-config, C++: exit $?"
"$CC" -std=c11 $(pkg-config --cflags mot) -o "$work/static" "$project/consumer.c" -Wl,-Bstatic \
    $(pkg-config --libs mot) -Wl,-Bdynamic $(pkg-config --static --libs mot | sed 's/-lmot//') -lm
unset LD_LIBRARY_PATH
! ldd "$work/static" | grep -F libmot || fail "pkg-config, static: uses the shared library"
"$work/static" || fail "pkg-config, static: exit $?"
