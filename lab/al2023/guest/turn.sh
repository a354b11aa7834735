#!/bin/sh
# Turn the Debian guest into the stand-in: rpm and dnf in, apt and dpkg out. Runs once, at the end of the build.
#   turn.sh REPOSITORY PREINSTALLED…
set -eu
repository=$1
shift
here=$(dirname "$0")

# Debian's rpm keeps a database for each user.
install -D -m 0644 "$here/macros.rpm" /etc/rpm/macros.stand-in
install -m 0644 "$here/dnf.conf" /etc/dnf/dnf.conf
install -D -m 0644 "$here/amazonlinux.repo" /etc/yum.repos.d/amazonlinux.repo

# What Amazon Linux 2023 has not, has elsewhere, or gets as a package of its own.
dpkg --purge --force-all git git-man logrotate nftables cron-daemon-common adduser python3-apt >/dev/null 2>&1
userdel www-data
rm -f /etc/debian_version /etc/os-release /etc/issue /etc/issue.net /etc/localtime /etc/timezone
ln -s ../usr/share/zoneinfo/UTC /etc/localtime
mkdir -p /etc/sysconfig /usr/lib64

mv /var/lib/dpkg/alternatives /var/lib/alternatives
# From here on there is neither dpkg nor, until its package is in, a python3.
rm -rf /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg* /usr/bin/update-alternatives /usr/lib/apt /usr/lib/dpkg \
    /usr/share/dpkg /etc/apt /etc/dpkg /var/lib/apt /var/lib/dpkg /var/cache/apt /var/cache/debconf /var/log/apt \
    /var/log/dpkg.log /var/cache/groundwork-lab/apt /usr/lib/python3/dist-packages/apt* /usr/bin/python3 \
    /usr/bin/python3.11 /usr/sbin/update-alternatives
for name; do
    set -- "$@" "$repository/$(ls "$repository" | grep -E "^$name-[^-]+-[0-9]+\.standin\." | head -n 1)"
    shift
done
rpm --install --nosignature "$@"
dnf --quiet makecache
rm -rf /var/log/dnf* /var/log/hawkey.log
