#!/bin/sh
# Turns a plain Debian 12 with the packages of recipe.py into the lab's guest image. Runs inside of it.
set -eu

# What a container has no use for, and what would only cost time at boot.
systemctl mask getty.target console-getty.service systemd-resolved.service systemd-networkd.service \
    systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service systemd-firstboot.service \
    apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount dev-hugepages.mount dev-mqueue.mount
systemctl set-default multi-user.target
systemctl enable lab-guest.service lab-host-keys.service lab-user-data.service ssh.service

chmod 0755 /usr/local/lib/groundwork-lab/*
chmod 0440 /etc/sudoers.d/admin
visudo -cqf /etc/sudoers.d/admin
useradd --create-home --shell /bin/bash --groups sudo admin
usermod --password '*' admin

update-ca-certificates
if [ -f /etc/ssl/certs/machine-bundle.crt ]; then
    mv /etc/ssl/certs/machine-bundle.crt /etc/ssl/certs/ca-certificates.crt
fi

# Every instance gets its own.
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id

# The lists stay, so that a refresh is quick, but nothing may take them for fresh.
rm -rf /var/cache/apt/archives/*.deb /var/cache/apt/*.bin /var/lib/apt/periodic
touch -d @0 /var/lib/apt/lists
