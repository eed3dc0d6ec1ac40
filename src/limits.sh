# shellcheck shell=bash disable=SC2154
# What one container may take, so that a picture that nobody foresaw cannot take the machine: nine tenths of its memory,
# a quarter of that for temporary files, and processes (threads count) by its processors. Sourced by launch.sh.

limits() { # INFO, what the engine says of itself and of the machine that it runs on -> docker_run
  local memory=${PIGEONHOLE_MEMORY-} temporary=${PIGEONHOLE_TEMPORARY-} processes=${PIGEONHOLE_PROCESSES-} swap
  check_limit PIGEONHOLE_MEMORY '^[0-9]*[kmg]?$' "such as 4g"
  check_limit PIGEONHOLE_TEMPORARY '^[0-9]*[kmg]?$' "such as 500m"
  check_limit PIGEONHOLE_PROCESSES '^[0-9]*$' "such as 1000"
  if memory_of "$1"; then
    : "${memory:=$((REPLY * 9 / 10))m}" "${temporary:=$((REPLY * 9 / 40))m}"
  fi
  [[ ! $1 =~ (CPUs|cpus):\ ([0-9]+) ]] || : "${processes:=$((512 + 128 * BASH_REMATCH[2]))}"

  docker_run+=(--tmpfs "/run/pigeonhole:mode=1777${temporary:+,size=$temporary}")
  can_limit "$1" || return 0
  if [[ $memory ]]; then
    swap=$memory # no more of it than of memory, which means none
    [[ $memory != 0 && $1 != *'No swap limit support'* ]] || swap=-1
    docker_run+=(--memory "$memory" --memory-swap "$swap")
  fi
  [[ $processes != 0 ]] || processes=-1
  [[ ! $processes ]] || docker_run+=(--pids-limit "$processes")
}

check_limit() { # VARIABLE FORM EXAMPLE
  [[ ${!1-} =~ $2 ]] || stop 2 "$1=${!1} is no limit. Write a number $3, or 0 for none, or leave it empty."
}

# Engines that run without root cannot always limit: docker says so, and podman would refuse to start.
can_limit() { # INFO
  if is_podman "$1"; then
    [[ $1 =~ [[:space:]]-\ memory[[:space:]] && $1 =~ [[:space:]]-\ pids[[:space:]] ]]
  else
    [[ $1 != *'No memory limit support'* && $1 != *'Cgroup Driver: none'* ]]
  fi
}

# podman gives bytes, docker a number such as 7.656GiB.
memory_of() { # INFO -> REPLY, in MiB
  local whole thousandths
  if [[ $1 =~ memTotal:\ ([0-9]+) ]]; then
    REPLY=$((BASH_REMATCH[1] / 1048576))
  elif [[ $1 =~ Total\ Memory:\ ([0-9]+)\.?([0-9]*)([MGT])iB ]]; then
    thousandths=${BASH_REMATCH[2]}000
    whole=$((10#${BASH_REMATCH[1]} * 1000 + 10#${thousandths:0:3}))
    case ${BASH_REMATCH[3]} in
      M) REPLY=$((whole / 1000)) ;;
      G) REPLY=$((whole * 1024 / 1000)) ;;
      T) REPLY=$((whole * 1048576 / 1000)) ;;
    esac
  else
    return 1
  fi
}
