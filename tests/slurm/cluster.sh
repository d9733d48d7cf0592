#!/usr/bin/env bash
# A Slurm cluster of four nodes on this host, for tests: Debian 12 (Slurm 22.05), as root, without systemd.
#
#   cluster.sh start                  install what is missing, start what does not run, print how to use it
#   cluster.sh stop | status          end all that start has started; say what runs (exit code 1: not all of it)
#   cluster.sh start-controller | stop-controller | restart-controller
#   cluster.sh start-node n2 | stop-node n2       as a node that is cut off: the processes of its jobs live on
#   cluster.sh start-node-elsewhere n2 DIRECTORY  as a node that does not share that directory with the others
#   cluster.sh kill-node n2           as a node that loses power; Slurm notices either after half a minute
#   cluster.sh accounting off | on    with or without what sacct reads
#
# Variables: CLUSTER_DIR (all of the cluster is there), CLUSTER_PORT (the first of six), MAX_ARRAY_SIZE and
# MIN_JOB_AGE_S (how long squeue remembers an ended job). One host can hold several clusters.
#
# Partitions: main (default; its jobs are requeued 15 s after one of urgent wants their place), urgent, and
# tiny (2 minutes at most). Each node has 4 CPUs, 6000 MB and 2 GPUs, none of which need exist.
# Accounts: study (default). QOS: normal (default), few (20 jobs at most, waiting or running).
set -euo pipefail

DIR=${CLUSTER_DIR:-/tmp/scaling-study-slurm}
PORT=${CLUSTER_PORT:-26810}
NODES=(n1 n2 n3 n4)
PACKAGES=(slurm-wlm slurmdbd munge mariadb-server)
TEMPLATES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/etc

export PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF=$DIR/slurm.conf            # what this cluster has started is known by it
export MYSQL_UNIX_PORT=$DIR/run/mariadb.sock

main() {
    case "$*" in
        start) start ;;
        stop) stop ;;
        status) status ;;
        start-controller) start_controller ;;
        stop-controller) end slurmctld ;;
        restart-controller) end slurmctld && start_controller ;;
        "start-node n"[1-4]) start_node "$2" && wait_for node_answers "$2" ;;
        "start-node-elsewhere n"[1-4]" /"*) end "$2" && start_node "$2" "$3" && wait_for node_answers "$2" ;;
        "stop-node n"[1-4]) end "$2" ;;
        "kill-node n"[1-4]) kill_node "$2" ;;
        "accounting on" | "accounting off") switch_accounting "$2" ;;
        *) fail "usage: ${0##*/} start | stop | status | {start,stop,restart}-controller |" \
                "{start,stop,kill}-node n1..n4 | start-node-elsewhere n1..n4 /DIRECTORY | accounting on|off" ;;
    esac
}

start() {
    [ "$(id -u)" = 0 ] || fail "a Slurm cluster is started by root"
    if ! quietly status; then
        install_packages
        configure
        start_munge
        start_database
        for node in "${NODES[@]}"; do start_node "$node"; done
        start_controller
        for node in "${NODES[@]}"; do wait_for node_answers "$node"; done
    fi
    echo "export SLURM_CONF=$SLURM_CONF"
}

stop() {
    cancel_jobs
    for node in "${NODES[@]}"; do kill_node "$node"; done
    for name in slurmctld slurmdbd mariadbd munged; do end "$name"; done
}

status() {
    local name answer=0
    for name in munged mariadbd slurmdbd slurmctld "${NODES[@]}"; do
        if running "$name"; then echo "$name runs ($(pid_of "$name"))"; else echo "$name does not run" && answer=1; fi
    done
    return "$answer"
}

install_packages() {
    if ! command -v slurmctld slurmd slurmdbd munged mariadbd >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >&2
    fi
}

configure() {
    mkdir -p "$DIR"/{run,log,nodes,controller,mariadb}
    for name in slurm gres slurmdbd; do write_config "$name"; done
    for number in 0 1; do [ -c "$DIR/gpu$number" ] || mknod "$DIR/gpu$number" c 1 3; done
    for node in "${NODES[@]}"; do
        grep -qE "\s$node(\s|$)" /etc/hosts || echo "127.0.0.1 $node" >>/etc/hosts
    done
}

write_config() { # NAME
    local ports=(-e "s|@CONTROLLER_PORT@|$PORT|; s|@DATABASE_PORT@|$((PORT + 1))|")
    for number in 1 2 3 4; do ports+=(-e "s|@N${number}_PORT@|$((PORT + 1 + number))|"); done
    (umask 077 && sed "${ports[@]}" -e "s|@DIR@|$DIR|; s|@HOST@|$(hostname -s)|" \
        -e "s|@MAX_ARRAY_SIZE@|${MAX_ARRAY_SIZE:-50}|; s|@MIN_JOB_AGE_S@|${MIN_JOB_AGE_S:-300}|" \
        "$TEMPLATES/$1.conf" >"$DIR/$1.conf")
}

start_munge() {
    [ -e "$DIR/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$DIR/munge.key")
    launch munged munged --foreground --force --key-file "$DIR/munge.key" --socket "$DIR/run/munge.socket" \
        --pid-file "$DIR/run/own-munged.pid" --log-file "$DIR/log/munged" --seed-file "$DIR/munge.seed"
    wait_for munge --socket "$DIR/run/munge.socket" --no-input
}

start_database() {
    local where=(--no-defaults --user=root --datadir="$DIR/mariadb" --innodb-log-file-size=8M)
    [ -d "$DIR/mariadb/mysql" ] || quietly mariadb-install-db "${where[@]}" --skip-test-db
    launch mariadbd mariadbd "${where[@]}" --skip-networking --skip-grant-tables --innodb-flush-log-at-trx-commit=0 \
        --socket="$MYSQL_UNIX_PORT" --pid-file="$DIR/run/own-mariadbd.pid"
    wait_for test -S "$MYSQL_UNIX_PORT"
    launch slurmdbd slurmdbd -D
    wait_for sacctmgr -n list cluster
    quietly sacctmgr -i add cluster study || true   # adding what is there changes nothing
    quietly sacctmgr -i add account study || true
    quietly sacctmgr -i add qos few MaxSubmitJobsPerUser=20 || true
    quietly sacctmgr -i add user root account=study DefaultAccount=study QOS=normal,few DefaultQOS=normal || true
}

start_controller() {
    launch slurmctld slurmctld -D
    wait_for scontrol ping
    wait_for nodes_known
}

start_node() { # NAME [DIRECTORY that it has to itself]
    local alone=()
    [ -z "${2:-}" ] || alone=(unshare --mount sh -c 'mount -t tmpfs tmpfs "$0" && exec "$@"' "$2")
    SLURMD_NODENAME=$1 launch "$1" "${alone[@]}" slurmd -D -N "$1"
}

nodes_known() {
    ! sinfo -h -N -o %T | grep -qx unknown
}

node_answers() { # NAME
    sinfo -h -n "$1" -p main -o %T | grep -qE '^(idle|mixed|allocated|completing)$'
}

kill_node() { # NAME: with all that its jobs have started, whatever became of its parents
    running "$1" && kill -9 "$(pid_of "$1")"
    processes_of_jobs "$1" | sort -u | xargs -r kill -9 2>/dev/null || true
}

processes_of_jobs() { # NAME of a node
    local process parent
    for process in /proc/[0-9]*; do
        if belongs "${process##*/}" && belongs "${process##*/}" "SLURMD_NODENAME=$1"; then
            echo "${process##*/}"
            parent=$(awk '/^PPid/ {print $2}' "$process/status" 2>/dev/null) || continue
            [ "$(cat "/proc/$parent/comm" 2>/dev/null)" != slurmstepd ] || echo "$parent"
        fi
    done
}

switch_accounting() { # on | off
    write_config slurm
    if [ "$1" = off ]; then
        sed -i -e '/^AccountingStorage/d' "$SLURM_CONF"
        echo "AccountingStorageType=accounting_storage/none" >>"$SLURM_CONF"
    fi
    end slurmctld
    start_controller
}

cancel_jobs() {
    running slurmctld || return 0
    squeue -h -o %A | sort -u | xargs -r scancel
    wait_for no_jobs
}

no_jobs() {
    [ -z "$(squeue -h)" ]
}

launch() { # NAME COMMAND…: unless it runs already
    running "$1" && return
    setsid "${@:2}" >>"$DIR/log/$1" 2>&1 </dev/null &
    echo $! >"$DIR/run/$1.pid"
}

running() { # NAME: the process of that number is still the one that was started
    belongs "$(pid_of "$1")"
}

belongs() { # PID [VARIABLE=VALUE]: whether it was started with that, or else for this cluster
    tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qxF "${2:-SLURM_CONF=$SLURM_CONF}"
}

pid_of() { # NAME
    cat "$DIR/run/$1.pid" 2>/dev/null || echo none
}

end() { # NAME
    running "$1" || return 0
    kill "$(pid_of "$1")"
    wait_for not running "$1"
}

wait_for() { # COMMAND…: until it succeeds, for half a minute
    for _ in $(seq 300); do
        quietly "$@" && return
        sleep 0.1
    done
    fail "waited half a minute in vain for: $* (see $DIR/log)"
}

not() { ! "$@"; }

quietly() { "$@" >/dev/null 2>&1; }

fail() {
    echo "$*" >&2
    exit 1
}

main "$@"
