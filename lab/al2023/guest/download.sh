#!/bin/sh
# Download what the packages of the stand-in carry, by the package managers of the machine, and unpack it.
#   download.sh DIRECTORY WANTED    (WANTED: lines of "debian NAME" and "wheel NAME==VERSION")
set -eu
directory=$1
wanted=$2
mkdir -p "$directory/archives"
chmod 0777 "$directory/archives"
cd "$directory/archives"

DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends createrepo-c >/dev/null
apt-get download -qq $(sed -n 's/^debian //p' "$wanted")
for archive in *.deb; do
    name=$(dpkg-deb --field "$archive" Package)
    dpkg-deb --extract "$archive" "$directory/$name"
    # Without Debian's epoch and revision.
    dpkg-deb --field "$archive" Version | sed 's/^[0-9]*://; s/-[^-]*$//; s/[+~].*//' >"$directory/$name.version"
done

python3 -m venv /tmp/pip
sed -n 's/^wheel //p' "$wanted" | while read -r wheel; do
    name=${wheel%%==*}
    /tmp/pip/bin/pip download --quiet --no-deps --only-binary :all: --dest "wheel-$name" "$wheel"
    python3 -m zipfile -e wheel-"$name"/*.whl "$directory/$name"
    echo "${wheel##*==}" >"$directory/$name.version"
done
rm -rf "$directory/archives" /tmp/pip
