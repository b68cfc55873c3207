#!/bin/sh
# Runs a command on two ranks of Open MPI that stand on two hosts: network, host name, processes and shared memory of their
# own, and TCP between them. Needs root, iproute2, util-linux and openmpi-bin.
#
#   test/ranks/two-hosts.sh ./armature train recipes/real-mixture.ts --steps 10
#
# RANKS_PER_HOST (1) says how many ranks each host takes; MPIRUN_OPTIONS goes to mpirun as it is.
set -eu

network=10.213.77
here=$$
first=armature-a-$here
second=armature-b-$here
agent=$(mktemp)
per_host=${RANKS_PER_HOST:-1}

clean() {
  rm -f "$agent"
  for name in "$first" "$second"; do
    ip netns pids "$name" 2>/dev/null | xargs -r kill -9 2>/dev/null || :
    ip netns del "$name" 2>/dev/null || :
  done
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ip netns add "$first"
ip netns add "$second"
ip -n "$first" link add wire type veth peer name wire netns "$second"
ip -n "$first" addr add $network.1/24 dev wire
ip -n "$second" addr add $network.2/24 dev wire
for name in "$first" "$second"; do
  ip -n "$name" link set lo up
  ip -n "$name" link set wire up
done

# What mpirun calls where it would call ssh: AGENT HOST COMMAND…
cat >"$agent" <<END
#!/bin/sh
shift
exec ip netns exec $second unshare --uts --ipc --pid --mount --fork --mount-proc sh -c 'hostname second; mount -t tmpfs tmpfs /dev/shm; eval "\$*"' sh "\$@"
END
chmod +x "$agent"

# shellcheck disable=SC2086
ip netns exec "$first" unshare --uts --ipc --mount sh -c 'hostname first; mount -t tmpfs tmpfs /dev/shm; exec "$@"' sh \
  mpirun --allow-run-as-root --mca plm_rsh_agent "$agent" --mca btl_tcp_if_include $network.0/24 \
  --mca oob_tcp_if_include $network.0/24 -H "$network.1:$per_host,$network.2:$per_host" -np $((2 * per_host)) --bind-to none \
  ${MPIRUN_OPTIONS:-} "$@"
