#!/bin/sh
# Installs what checks the pages: a browser, fonts and Java where this is Debian and we may, axe and the Nu HTML checker
# from npm into .browser/. What is missing is said, and the tests that need it are skipped.
set -eu

here=$(dirname "$(realpath "$0")")
checks=$(realpath "$here/../..")/.browser
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v java >/dev/null || missing="$missing default-jre-headless"
[ -n "$(find /usr/share/fonts -iname '*CJK*' -print -quit 2>/dev/null)" ] || missing="$missing fonts-noto-cjk fonts-noto-core"

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        install() { apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
        install 2>/dev/null || { apt-get update -qq && install; } ||
            echo "these could not be installed, tests that need them will be skipped:$missing" >&2
    else
        echo "only root on Debian may install these, tests that need them will be skipped:$missing" >&2
    fi
fi

mkdir -p "$checks"
if ! cmp -s "$here/package-lock.json" "$checks/package-lock.json"; then
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$checks"
    "$here/../../.venv/bin/npm" ci --prefix "$checks" --silent ||
        { rm "$checks/package-lock.json"; echo "axe and the HTML checker could not be installed: their tests will be skipped" >&2; }
fi
