# shellcheck shell=bash disable=SC2154
# Without a container: .venv, beside the scripts. Sourced by launch.sh, which sets what is not set here.

# Makes .venv, or brings it up to date: `classify` to guess and sort, `train` to learn as well,
# `cluster` to ask a Ray cluster, too, `dev` for test.sh.
# The file `ready` is written last: an installation that was interrupted is done again.
environment() { # classify|train|cluster|dev
  local level=$1 accelerator=cpu wanted python failed=0
  ! wants_gpu || accelerator=gpu
  # The place counts too: the environment refers to the checkout by its path.
  wanted=$({ cat "$root/pyproject.toml" && printf '%s' "$root"; } | cksum)
  wanted=${wanted%% *}
  ! is_ready "$wanted" "$level" "$accelerator" || return 0

  find_python
  python=$REPLY
  mkdir -p "$venv" 2>/dev/null || stop 5 "The folder $venv cannot be made. Check the permissions of the folder above it, and the room on the disk."
  { exec 9>"$venv/lock"; } 2>/dev/null || stop 5 "The folder $venv cannot be written. Check its permissions, and the room on the disk."
  lock "$python"
  if ! is_ready "$wanted" "$level" "$accelerator"; then # or another script has just done it
    check_room "$python" "$level" "$accelerator"
    say "Setting up .venv; this once it takes some minutes."
    # What pip shows of its progress goes to the terminal itself, which it would not show to a pipe.
    { install "$python" "$level" "$accelerator" 2>&1 >&3 | told_of_full_disk >&2; } 3>&2 || failed=$?
    ((failed == 0)) || not_installed "$python" "$failed"
    printf '%s %s %s\n' "$wanted" "$level" "$accelerator" >"$venv/ready"
  fi
  exec 9>&-
}

# Half of an environment is of no use, and on a full disk it is in the way.
not_installed() { # PYTHON STATUS
  local ours="The packages could not be installed into $venv"
  (($2 == FULL)) || has_filled_up "$1" ||
    stop 2 "$ours; the reason stands above. Check the network, then run the same command again."
  empty_environment
  stop 5 "$ours, because the disk is full; what was there of them is removed again. Make room in $venv and in $temporary, where pip unpacks them, then run the same command again."
}

empty_environment() { find "$venv" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +; }

is_ready() { # CHECKSUM LEVEL ACCELERATOR
  local sum level accelerator
  [[ -x $venv/bin/python ]] && read -r sum level accelerator 2>/dev/null <"$venv/ready" || return 1
  [[ $sum == "$1" ]] || return 1
  case $2-$level in classify-* | train-train | train-cluster | train-dev | cluster-cluster | cluster-dev | dev-dev) ;; *) return 1 ;; esac
  [[ $accelerator == gpu || $accelerator == "$3" ]] # what is made for GPUs runs without one, too
}

find_python() { # -> REPLY
  local without_venv=''
  # shellcheck disable=SC2086 # a list
  for REPLY in ${PIGEONHOLE_PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    "$REPLY" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    "$REPLY" -c 'import ensurepip, venv' 2>/dev/null && return
    without_venv=$REPLY
  done
  [[ -z $without_venv ]] || stop 2 "$without_venv cannot make environments. Install its venv package (python3-venv on Debian and Ubuntu)."
  stop 2 "${lacking-This needs Python 3.11 or newer. Install it.}"
}

# Two scripts that were started at once must not install into one folder. The lock belongs to the open file 9,
# which this shell shares with the process that takes it: it ends with the shell, however the shell ends.
lock() { # PYTHON
  "$1" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null && return
  say "Waiting for another script that is setting up .venv."
  "$1" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' 2>/dev/null || true # some network folders have no locks
}

install() { # PYTHON LEVEL ACCELERATOR
  local extras=$3,heic other=onnxruntime-gpu pip=("$venv/bin/python" -m pip --disable-pip-version-check)
  local quiet=--quiet arguments=()
  rm -f "$venv/ready"
  "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    empty_environment && "$1" -m venv "$venv" || return
  }
  [[ ! -t 1 ]] || quiet=--progress-bar=on
  [[ $2 == classify ]] || extras+=,train,timm,prepare,answers,web
  [[ $2 != cluster && $2 != dev ]] || extras+=,cluster
  # The two are one Python package from two projects: installed together, they overwrite each other's files.
  [[ $3 == cpu ]] || other=onnxruntime
  "${pip[@]}" uninstall --quiet --yes "$other" 2>/dev/null || return
  [[ -z ${PIGEONHOLE_TORCH_INDEX-} ]] || arguments+=(--extra-index-url "$PIGEONHOLE_TORCH_INDEX")
  if [[ $2 == dev ]]; then
    "${pip[@]}" install $quiet 'pip>=25.1' || return # the first that knows dependency groups
    arguments+=(--group "$root/pyproject.toml:dev")
  fi
  "${pip[@]}" install $quiet ${arguments[@]+"${arguments[@]}"} --editable "${root}[$extras]"
}
