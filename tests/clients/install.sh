#!/bin/sh
# Installs the clients of the matrix: Debian packages if this is Debian and we may, the others into .clients/.
set -eu

here=$(dirname "$(realpath "$0")")
clients=$(realpath "$here/../..")/.clients
packages="rasqal-utils libapache-jena-java default-jre-headless virtuoso-opensource-7"
command -v npm >/dev/null || packages="$packages nodejs npm"

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends $packages
else
    echo "not root on Debian: install these by hand, or their tests are skipped: $packages" >&2
fi

mkdir -p "$clients"
"${PYTHON:-python3}" -m venv "$clients/venv"
"$clients/venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

if command -v npm >/dev/null; then
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$clients"
    npm ci --prefix "$clients" --silent
fi
