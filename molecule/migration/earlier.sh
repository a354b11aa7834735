#!/bin/sh
# Sets a host up as the roles of version 0.1.0 left it: one user, `app`, for all services, and one PM2 for those under PM2. What it
# writes was recorded on a host that those roles had set up. It needs node, uv, PM2 and the gunicorn launcher, and the sources of the
# services in /root/sources.
set -eu
pm2=$(echo /opt/pm2/*/node_modules/.bin/pm2)
hardening='NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM'

groupadd --system app
useradd --system --gid app --create-home --shell /bin/bash --password '!' app
install -d /srv /etc/groundwork /etc/groundwork/pm2 /etc/groundwork/gunicorn /var/lib/groundwork /var/log/groundwork
install -d -o app -g app -m 0750 /var/log/groundwork/shop
install -d -o app -g app -m 0700 /home/app/.pm2
ln -s groundwork/shop /var/log/shop

# A release of each service, as a deploy recorded it, with its variables.
release() {
    name=$1 port=$2 source=$3
    install -d "/srv/$name" "/srv/$name/releases"
    install -d -m 0700 "/srv/$name/.groundwork" "/srv/$name/.groundwork/1"
    install -d -o app -g app -m 0750 "/srv/$name/shared"
    install -d -o app -g app -m 0700 "/var/lib/groundwork/$name"
    cp -R "/root/sources/$source" "/srv/$name/releases/1"
    chown -R app:app "/srv/$name/releases/1"
    cat >"/srv/$name/.groundwork/1/release.json" <<END
{
  "number": 1,
  "identity": "c4f7c2aa383ec8c27d830899501b079e80db69ad419580cb023d21a5f82abd87",
  "digest": "1b77b30a8e6c28c49c909c78644c51cf5f13dc66d3eb931802aeb59de70b5ddd",
  "version": "1b77b30a8e6c",
  "steps": ["build"],
  "activation": 1,
  "confirmed": true,
  "failed": null,
  "commit": "",
  "activated_at": "2026-11-20T09:50:54Z",
  "artifact_kind": "tree"
}
END
    printf '%s\n' APP_ENV=production HOST=127.0.0.1 "PORT=$port" RELEASE=1b77b30a8e6c STOP_TIMEOUT=30 "TOKEN=earlier-$name" \
        >"/etc/groundwork/$name.env"
    for record in environment environment.confirmed; do
        cp "/etc/groundwork/$name.env" "/srv/$name/.groundwork/1/$record"
    done
    chown app:app "/etc/groundwork/$name.env"
    chmod 0600 "/etc/groundwork/$name.env" "/srv/$name/.groundwork/1/"*
    ln -s "releases/1" "/srv/$name/current"
    echo kept >"/var/lib/groundwork/$name/kept"
    echo kept >"/srv/$name/shared/kept"
    chown app:app "/var/lib/groundwork/$name/kept" "/srv/$name/shared/kept"
}
release api 5000 api
release web 3000 web
release mail 3001 web

# The service under gunicorn.
as_app() {
    runuser -u app -- env -i HOME=/home/app PATH=/usr/local/bin:/usr/bin:/bin "$@"
}
cd /srv/api/releases/1
as_app uv venv --quiet --python /usr/bin/python3 .venv
as_app uv pip install --quiet --system-certs --python .venv/bin/python --require-hashes --requirement requirements.txt
cat >/etc/groundwork/gunicorn/api.py <<'END'
workers = 1
threads = 2
worker_class = "gthread"
timeout = 30
graceful_timeout = 20
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
proc_name = "api"


def tell_launcher(kind, gunicorn, worker, timeout=0):
    import os
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as launcher:
        launcher.settimeout(timeout)
        try:
            launcher.sendto(b"%s %d %d" % (kind, gunicorn, worker), os.environ["GROUNDWORK_CONTROL"])
        except OSError:
            pass


def post_worker_init(worker):
    tell_launcher(b"loaded", worker.ppid, worker.pid, timeout=10)


def child_exit(server, worker):
    tell_launcher(b"ended", server.pid, worker.pid)
END
cat >/etc/systemd/system/groundwork-api.socket <<'END'
[Unit]
Description=Address of the service api
ConditionPathExists=/srv/api/current

[Socket]
ListenStream=127.0.0.1:5000
NoDelay=yes
Backlog=2048
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
Also=groundwork-api.service
END
cat >/etc/systemd/system/groundwork-api.service <<END
[Unit]
Description=Service api (gunicorn)
Requires=groundwork-api.socket
After=groundwork-api.socket network-online.target
Wants=network-online.target
ConditionPathExists=/srv/api/current
StartLimitIntervalSec=0

[Service]
Type=notify
User=app
Group=app
WorkingDirectory=/srv/api/current
StateDirectory=groundwork/api
StateDirectoryMode=0700
RuntimeDirectory=groundwork-api
RuntimeDirectoryMode=0700
ExecStart=/usr/bin/python3 /usr/local/lib/groundwork/gunicorn_launcher.py run api "wsgi:app" --control /run/groundwork-api/control --ready-timeout 90
ExecReload=/usr/bin/python3 /usr/local/lib/groundwork/gunicorn_launcher.py reload api --control /run/groundwork-api/control --ready-timeout 110
KillMode=mixed
Restart=always
RestartSec=500ms
TimeoutStartSec=140
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0027
$hardening
AmbientCapabilities=
ProtectHome=yes
PrivateDevices=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RemoveIPC=yes
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
END

# The services under PM2, in one daemon.
process() {
    cat >"/etc/groundwork/pm2/$1.json" <<END
{
    "apps": [
        {
            "autorestart": true,
            "cwd": "/srv/$1/current",
            "error_file": "/var/log/groundwork/shop/$1-err.log",
            "exec_mode": "cluster",
            "exp_backoff_restart_delay": 200,
            "instances": $2,
            "kill_timeout": 20000,
            "listen_timeout": 15000,
            "max_memory_restart": "200M",
            "merge_logs": true,
            "min_uptime": 5000,
            "name": "$1",
            "node_args": ["--env-file=/etc/groundwork/$1.env"],
            "out_file": "/var/log/groundwork/shop/$1.log",
            "script": "server.js",
            "wait_ready": false,
            "watch": false
        }
    ]
}
END
    # What logrotate has left.
    install -o app -g app -m 0640 /dev/null "/var/log/groundwork/shop/$1.log.1"
}
process web 2
process mail 1
cat >/etc/systemd/system/pm2.service <<END
[Unit]
Description=PM2 and the services it manages
Documentation=https://pm2.keymetrics.io/
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=forking
User=app
Group=app
WorkingDirectory=/home/app
Environment=PATH=/usr/local/bin:/usr/bin:/bin
Environment=HOME=/home/app
Environment=PM2_HOME=/home/app/.pm2
Environment=PM2_DISCRETE_MODE=true
PIDFile=/home/app/.pm2/pm2.pid
ExecStart=$pm2 resurrect
ExecReload=$pm2 reload all
ExecStop=$pm2 kill
Restart=always
RestartSec=1
TimeoutStopSec=35
LimitNOFILE=65536
UMask=0077
$hardening
ReadWritePaths=/home/app/.pm2 /var/log/groundwork/shop -/var/lib/groundwork/web -/var/lib/groundwork/mail
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=multi-user.target
END
cat >/usr/local/bin/pm2 <<END
#!/bin/sh
set -eu
cd /
exec runuser -u app -- env -i HOME=/home/app PATH=/usr/local/bin:/usr/bin:/bin PM2_HOME=/home/app/.pm2 $pm2 "\$@"
END
chmod 0755 /usr/local/bin/pm2

systemctl daemon-reload
systemctl enable --quiet --now groundwork-api.socket groundwork-api.service pm2.service
for name in web mail; do
    pm2 start "/etc/groundwork/pm2/$name.json" --silent
done
pm2 save --silent
printf '%s\n' 'api gunicorn' 'web pm2' 'mail pm2' >/etc/groundwork/service_roles

# The services answer, so that what comes next migrates services that serve.
for port in 5000 3000 3001; do
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        ! curl --silent --fail --max-time 5 "http://127.0.0.1:$port/health" | grep -q '"user": *"app"' || continue 2
        sleep 1
    done
    echo "nothing answers on port $port as the user app" >&2
    exit 1
done
