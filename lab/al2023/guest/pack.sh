#!/bin/sh
# Make a repository of packages from the specs, and see that they keep what the table says of them.
#   pack.sh SOURCES SPECS REPOSITORY TABLE
set -eu
here=$(dirname "$0")
sources=$1
specs=$2
repository=$3
table=$4
install -m 0755 "$here/lay" /usr/local/bin/lay
install -D -m 0644 "$specs/macros" /etc/rpm/macros.stand-in

build() {
    rpmbuild --quiet -bb --define "_topdir /tmp/rpmbuild" --define "_sourcedir $sources" \
        --define "_rpmdir $repository" "$@"
}
mkdir -p "$repository" /tmp/rpmbuild/BUILD
for spec in "$specs"/*.spec; do
    build "$spec"
done
build --define "rebuild 2" "$specs/logrotate.spec"
createrepo_c --quiet "$repository"
python3 "$here/check.py" "$table" "$repository"
rm -rf /tmp/rpmbuild "$sources"
