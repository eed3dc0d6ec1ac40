# shellcheck shell=bash
# What the scripts at the top level do: they turn their arguments into absolute paths, show the container these paths
# and nothing else, and hand over to `pigeonhole`. Where there is no container they run the same command from .venv.
# A script sources this file by its absolute path and calls `launch`. What a command takes stands in commands.sh.
#
# Functions that find something out leave it in REPLY: $(…) would eat the newlines at the end of a name.
# Written for bash 3.2, which macOS has: no associative arrays, and with `set -u` an array that may be empty
# is expanded as ${array[@]+"${array[@]}"}.
set -euo pipefail

me=${0##*/}
root=${BASH_SOURCE[0]%/src/launch.sh}
venv=$root/.venv
# shellcheck source=src/paths.sh
. "$root/src/paths.sh"
# shellcheck source=src/container.sh
. "$root/src/container.sh"
# shellcheck source=src/limits.sh
. "$root/src/limits.sh"
# shellcheck source=src/room.sh
. "$root/src/room.sh"
# shellcheck source=src/environment.sh
. "$root/src/environment.sh"
export ORT_DISABLE_TELEMETRY=1
unset PYTHONPATH PYTHONHOME # what another program left there is not for ours
trap 'exit 130' INT # or an interrupted build would count as a failed one, and the script would go on

# --- sentences ---

say() { printf '%s: %s\n' "$me" "$1" >&2; }

stop() { # CODE SENTENCE; the codes are those of `pigeonhole`: 2 usage, 3 no model or data, 5 cannot write
  say "$2"
  exit "$1"
}

shown() { # NAME, as it can stand on one line of a terminal
  REPLY=$1
  [[ -n $1 && $1 != *[[:cntrl:]]* ]] || printf -v REPLY '%q' "$1"
}

# --- the table of commands ---

usage_of() { # PATHS WITH ROLES -> REPLY: [TF_FILES] IMAGE...
  REPLY=$1
  while [[ $REPLY =~ :[a-z]+ ]]; do REPLY=${REPLY/"${BASH_REMATCH[0]}"/}; done
}

find_command() { # NAME -> command, where, network, roles, files and usage; false if there is none
  local wanted=$1
  command=''
  row() {
    [[ $1 == "$wanted" ]] || return 0
    command=$1 where=$3 network=$4
    read -r -a roles <<<"$5"
    read -r -a files <<<"$6"
    usage_of "$5"
    usage="bash ${2:-pigeonhole.sh $1} $REPLY [options]"
  }
  # shellcheck source=src/commands.sh
  . "$root/src/commands.sh"
  [[ $command ]]
}

list_commands() {
  row() { [[ ! $2 ]] || printf '  bash %-12s %s\n' "$2" "$7"; }
  printf '%s\n\n' "pigeonhole learns from folders of pictures and puts every new picture in its pigeonhole." "Every day:"
  # shellcheck source=src/commands.sh
  . "$root/src/commands.sh"
  row() { [[ $2 ]] || printf '  %-12s %s\n' "$1" "$7"; }
  printf '\n%s\n\n' "Beside these, as bash pigeonhole.sh COMMAND:"
  # shellcheck source=src/commands.sh
  . "$root/src/commands.sh"
  printf '\n%s\n' "With --help each of them says what it takes."
}

# --- handing over ---

launch() { # COMMAND ARGUMENT...
  if ! find_command "$1"; then
    shown "$1"
    stop 2 "There is no command $REPLY. For the list of commands: bash pigeonhole.sh"
  fi
  read_arguments "${@:2}"
  ((${#options[@]} == 0)) || usage+=", with all options at the end"
  if has_option --help || has_option -h; then
    [[ $where == here ]] || where=classify # no need to make the large image for it
    network=none
    hand_over "$command" --help
  fi
  take_paths
  take_files
  ! looks_at_faces || where=train
  [[ $where == here ]] || ! uses_table || where=train
  # A cluster is other machines, which a container without a network cannot reach.
  ! has_option --cluster || where=here
  hand_over "$command" "${arguments[@]}" ${options[@]+"${options[@]}"}
}

hand_over() { # COMMAND ARGUMENT...
  lacking="There is neither a container engine nor Python 3.11 or newer here. Install one of them."
  case $where-${PIGEONHOLE_RUNTIME-} in
    here-*)
      where=classify lacking="This command needs Python 3.11 or newer. Install it."
      ! uses_table || where=train
      ! has_option --cluster || where=cluster
      ;;
    *- | *-container)
      if container "$where" "$@"; then
        exec "${docker_run[@]}" "$@" ${page_options[@]+"${page_options[@]}"}
      fi
      [[ -z ${PIGEONHOLE_RUNTIME-} ]] || stop 2 "PIGEONHOLE_RUNTIME=container, but $REPLY."
      say "Running from .venv instead of a container: $REPLY."
      ;;
    *-local) say "Running from .venv instead of a container: PIGEONHOLE_RUNTIME=local." ;;
    *) stop 2 "PIGEONHOLE_RUNTIME=$PIGEONHOLE_RUNTIME is neither 'container' nor 'local'. Leave it empty to try the one and then the other." ;;
  esac
  environment "$where"
  # -P: a numpy.py in the folder where the user happens to be is not ours.
  exec "$venv/bin/python" -P -m pigeonhole "$@"
}
