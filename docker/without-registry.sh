#!/usr/bin/env bash
# Provides a Docker engine and doorward's base images on a Debian machine without access to an image registry.
# Everything comes from Debian's archive. With access to a registry, this script is not needed.
#
#   start   install missing packages, start an engine if none answers, build missing base images
#   stop    stop the engine that `start` started, with its containers; images and volumes are kept
#   purge   stop, then delete the images and volumes too
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly data_root=/var/lib/doorward-docker
readonly run_dir=/run/doorward-docker
readonly pid_file=$run_dir/dockerd.pid
readonly engine_log=$run_dir/dockerd.log
readonly engine_socket=unix:///var/run/docker.sock
readonly plugin_dir=/usr/local/lib/docker/cli-plugins
readonly host_certificates=/etc/ssl/certs/ca-certificates.crt
readonly base_image=debian:trixie-slim
# NAME=TAG: docker/stand-ins/NAME.Dockerfile is built with the official image's tag.
readonly stand_ins=(python=python:3.13-slim-trixie postgres=postgres:17-trixie redis=redis:8.0 haproxy=haproxy:3.0
    pgbouncer=edoburu/pgbouncer:v1.24.1-p1 rabbitmq=rabbitmq:4.0 prometheus=prom/prometheus:v3.5.0)

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf 'without-registry: %s\n' "$*"; }

# Prints one line per finished stage, with the seconds since the previous line.
lap_started=0
lap() {
    say "$(printf '%-62s %4d s' "$1" $((SECONDS - lap_started)))"
    lap_started=$SECONDS
}

# die CAUSE REMEDY [LOG]
die() {
    {
        say "FAILED: $1"
        say "REMEDY: $2"
        if [ -s "${3:-}" ]; then
            say "the end of $3:"
            tail -n 25 "$3"
        fi
    } >&2
    exit 1
}

engine_answers() { timeout 60 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
plugins_work() { docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; }
have_image() { docker image inspect "$1" >/dev/null 2>&1; }
have_images() {
    local each; for each in "${stand_ins[@]}"; do have_image "${each#*=}" || return 1; done
}

# Prints the pid of the engine that this script started, or nothing. A pid file can outlive its process.
our_engine() {
    local pid
    pid=$(cat "$pid_file" 2>/dev/null) || return 0
    if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep --quiet --fixed-strings -- "--data-root=$data_root"; then
        echo "$pid"
    fi
}

# ---------------------------------------------------------------- packages

install_packages() {
    local wanted=()
    command -v docker >/dev/null || wanted+=(docker.io)
    if ! engine_answers; then
        command -v dockerd >/dev/null || wanted+=(docker.io)
        command -v iptables >/dev/null || wanted+=(iptables)
    fi
    # Without a docker client, the existing images are not known yet.
    if ! command -v docker >/dev/null || ! have_images; then
        command -v debootstrap >/dev/null || wanted+=(debootstrap)
    fi
    [ ${#wanted[@]} -gt 0 ] || return 0

    local log=$run_dir/apt.log
    local install=(timeout 900 apt-get install --yes --no-install-recommends "${wanted[@]}")
    # The package lists may be absent or too old; both show as a failed first try.
    if ! "${install[@]}" >"$log" 2>&1 </dev/null; then
        # An unreachable third-party source fails the update, but need not fail the install.
        timeout 900 apt-get update >>"$log" 2>&1 </dev/null || true
        "${install[@]}" >>"$log" 2>&1 </dev/null ||
            die "apt-get could not install: ${wanted[*]}" "check that Debian's archive can be reached" "$log"
    fi
    lap "packages: ${wanted[*]}"
}

# Prints the URL of Debian's archive from this machine's apt sources, in any of their formats.
# Other vendors' archives and the security archive carry other labels.
debian_archive() {
    # shellcheck disable=SC2016  # apt fills these in, not the shell
    local format='$(ORIGIN)|$(LABEL)|$(REPO_URI)'
    apt-get indextargets --format "$format" 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

find_archive() {
    archive=$(debian_archive)
    if [ -z "$archive" ]; then
        timeout 900 apt-get update >"$run_dir/apt.log" 2>&1 </dev/null || true
        archive=$(debian_archive)
    fi
    [ -n "$archive" ] ||
        die "apt knows no Debian archive on this machine" "add Debian's main archive to the apt sources" "$run_dir/apt.log"
}

# Debian 12 has neither plugin; Debian 13's packages run on Debian 12 too.
install_plugins() {
    ! plugins_work || return 0
    find_archive
    local log=$run_dir/plugins.log scratch=$work/plugins keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$scratch/lists" "$scratch/cache" "$scratch/unpacked" "$plugin_dir"
    echo "deb [signed-by=$keyring] $archive trixie main" >"$scratch/trixie.list"
    # Separate lists and cache: another Debian release must not be added to the machine's apt.
    local trixie=(timeout 900 apt-get -o "Dir::Etc::SourceList=$scratch/trixie.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$scratch/lists" -o "Dir::Cache=$scratch/cache"
        -o Acquire::Languages=none -o APT::Sandbox::User=root)
    if ! (
        cd "$scratch" && "${trixie[@]}" update && "${trixie[@]}" download docker-compose docker-buildx
    ) >"$log" 2>&1 </dev/null; then
        die "the compose and buildx packages of Debian 13 could not be fetched" "check that Debian's archive can be reached" "$log"
    fi
    local package
    for package in "$scratch"/*.deb; do
        dpkg -x "$package" "$scratch/unpacked"
    done
    install -m 0755 "$scratch"/unpacked/usr/libexec/docker/cli-plugins/* "$plugin_dir/"
    plugins_work || die "the compose and buildx plugins do not run here" "run 'docker compose version' to see why" "$log"
    lap "plugins: docker compose, docker buildx"
}

# ---------------------------------------------------------------- the engine

# An engine that was killed leaves its containerd behind, or a pid file that dockerd takes for a running one.
remove_leftover_containerd() {
    local state=$run_dir/exec/containerd pid waited
    pid=$(cat "$state/containerd.pid" 2>/dev/null) || pid=
    if [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep --quiet --fixed-strings -- "$state"; then
        kill -TERM "$pid" 2>/dev/null || true
        for ((waited = 0; waited < 20; waited++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.5
        done
    fi
    rm -rf "$state"
}

start_engine() {
    if engine_answers; then
        lap "engine: one is running already, left as it is"
        return
    fi
    [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is set, but no engine answers there" "unset DOCKER_HOST, or start that engine"

    local pid waited
    pid=$(our_engine)
    if [ -z "$pid" ]; then
        rm -f "$pid_file"
        remove_leftover_containerd
        # A new session without this script's descriptors: the engine outlives this shell, and readers of the output
        # do not wait for the engine to end.
        setsid dockerd --data-root="$data_root" --exec-root="$run_dir/exec" --pidfile="$pid_file" \
            --host="$engine_socket" </dev/null >"$engine_log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
        pid=$!
    fi
    for ((waited = 0; waited < 240; waited++)); do
        ! engine_answers || break
        kill -0 "$pid" 2>/dev/null || die "dockerd ended while it started" "read the log below" "$engine_log"
        sleep 0.5
    done
    engine_answers || die "dockerd did not answer within 120 s" "read the log below, then run '$0 stop'" "$engine_log"
    lap "engine: dockerd $(docker version --format '{{.Server.Version}}'), pid $(cat "$pid_file")"
}

stop_engine() {
    local pid waited containers
    pid=$(our_engine)
    if [ -z "$pid" ]; then
        say "no engine of ours is running"
        return
    fi
    # Only the containers of this script's engine are removed, regardless of DOCKER_HOST.
    containers=$(DOCKER_HOST=$engine_socket timeout 60 docker ps --all --quiet) || containers=
    if [ -n "$containers" ]; then
        # shellcheck disable=SC2086  # one word for each container
        DOCKER_HOST=$engine_socket timeout 300 docker rm --force --volumes $containers >/dev/null || true
        lap "containers removed: $(wc -w <<<"$containers")"
    fi
    kill -TERM "$pid" 2>/dev/null || true
    for ((waited = 0; waited < 120; waited++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    if kill -0 "$pid" 2>/dev/null; then
        kill -KILL "$pid" 2>/dev/null || true
        say "dockerd did not end within 60 s and was killed"
    fi
    rm -f "$pid_file"
    lap "engine stopped; images and volumes kept in $data_root"
}

# ---------------------------------------------------------------- base images

make_base_image() {
    ! have_image "$base_image" || return 0
    find_archive
    local root=$work/rootfs log=$run_dir/debootstrap.log
    timeout 900 debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$archive" >"$log" 2>&1 </dev/null ||
        die "debootstrap could not make a Debian 13 root" "check that Debian's archive can be reached" "$log"
    # As in the official slim images: no documentation, no translations, and no fsync for each file.
    printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
        'path-exclude=/usr/share/info/*' 'path-exclude=/usr/share/locale/*' >"$root/etc/dpkg/dpkg.cfg.d/slim"
    rm -rf "$root"/usr/share/{doc,man,info,locale}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/*
    # If a proxy with its own certificate authority intercepts outgoing TLS, installs in a build must trust that
    # authority as this machine does. It belongs in the stand-in, and never in a layer of the product.
    local changes=(--change 'CMD ["bash"]')
    if [ -s "$host_certificates" ]; then
        cp "$host_certificates" "$root/etc/ssl/certs/ca-certificates.crt"
        changes+=(--change "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
    fi
    tar -C "$root" -c . | docker import "${changes[@]}" - "$base_image" >"$log" 2>&1 ||
        die "the engine could not import the Debian 13 root" "check the free space under $data_root" "$log"
    lap "image: $base_image"
}

# stand_in NAME TAG: builds docker/stand-ins/NAME.Dockerfile
stand_in() {
    ! have_image "$2" || return 0
    DOCKER_BUILDKIT=1 timeout 900 docker build --progress=plain --tag "$2" --file "$here/stand-ins/$1.Dockerfile" \
        "$here/stand-ins" >"$run_dir/$1.log" 2>&1 </dev/null
}

make_images() {
    have_images && lap "images: all present" && return
    make_base_image
    local each build builds=()
    # In parallel: most of the time is spent on downloads.
    for each in "${stand_ins[@]}"; do
        stand_in "${each%%=*}" "${each#*=}" &
        builds+=("$!=$each")
    done
    for build in "${builds[@]}"; do
        each=${build#*=}
        wait "${build%%=*}" || die "the stand-in ${each#*=} could not be built" "check that containers reach Debian's archive" \
            "$run_dir/${each%%=*}.log"
    done
    lap "images: ${stand_ins[*]#*=}"
}

# ---------------------------------------------------------------- commands

# root_and_lock COMMAND: restarts this script, with the lock held by flock and not by any of its children.
root_and_lock() {
    [ "$(id -u)" = 0 ] || die "'$1' needs root" "run it as root, or start an engine of your own"
    mkdir -p "$run_dir"
    exec flock --close --timeout 1800 "$run_dir/lock" env DOORWARD_REGISTRY_LOCKED=1 bash "$here/without-registry.sh" "$1"
}

start() {
    if engine_answers && plugins_work && have_images; then
        lap "engine, plugins and images: all present"
        return
    fi
    [ -n "${DOORWARD_REGISTRY_LOCKED:-}" ] || root_and_lock start
    command -v apt-get >/dev/null || die "this machine has no apt-get" "use Debian, or install Docker and its plugins yourself"
    work=$(mktemp -d /var/tmp/without-registry.XXXXXX)
    trap 'rm -rf "$work"' EXIT
    install_packages
    install_plugins
    start_engine
    make_images
    say "ready after $SECONDS s"
}

stop() {
    [ -n "${DOORWARD_REGISTRY_LOCKED:-}" ] || root_and_lock stop
    stop_engine
}

purge() {
    [ -n "${DOORWARD_REGISTRY_LOCKED:-}" ] || root_and_lock purge
    stop_engine
    rm -rf "$data_root"
    lap "deleted $data_root"
}

case "${1:-}" in
    start | stop | purge) "$1" ;;
    *)
        echo "usage: bash docker/without-registry.sh start | stop | purge" >&2
        exit 2
        ;;
esac
