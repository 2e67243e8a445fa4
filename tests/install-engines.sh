#!/bin/sh
# Installs the remote store that the tests start, where this is Debian and we may; elsewhere those tests are skipped.
set -eu
if command -v virtuoso-t >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Virtuoso is not installed, and only root on Debian may install it here: its tests will be skipped" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends virtuoso-opensource-7 >/dev/null; }
install 2>/dev/null || { apt-get update -qq && install; } ||
    echo "Virtuoso could not be installed: its tests will be skipped" >&2
