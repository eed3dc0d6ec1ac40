# shellcheck shell=bash disable=SC2154
# Whether the packages fit on the disks that they come to, and whether a disk was what they failed for. Sourced by
# launch.sh.

FULL=28 # what install ends with where a disk is full; ENOSPC on Linux and macOS

# What .venv takes, and what the packages take where pip unpacks them: MB, measured with Python 3.11 on Linux.
sizes() { # LEVEL ACCELERATOR -> installed, fetched
  installed=300 fetched=100
  [[ $1 == classify ]] || installed=2000 fetched=600
  [[ $1 != cluster && $1 != dev ]] || installed=2900 fetched=900
  if [[ $1 != classify ]] && torch_has_cuda; then
    installed=$((installed + 5000)) fetched=$((fetched + 3300)) # onnxruntime's share of it is the same packages
  elif [[ $2 == gpu ]]; then
    installed=$((installed + 2500)) fetched=$((fetched + 1800))
  fi
}

# On PyPI it has CUDA with it for this one platform.
torch_has_cuda() { [[ -z ${PIGEONHOLE_TORCH_INDEX-} && $(uname -sm) == 'Linux x86_64' ]]; }

# Before anything is fetched. Where nobody can tell how much is free, pip will find out.
check_room() { # PYTHON LEVEL ACCELERATOR
  local installed fetched there disk_of_venv=- disk_of_temporary=-
  sizes "$2" "$3"
  there=$(du -sk "$venv" 2>/dev/null | cut -f1) || true
  there=$((${there:-0} * 1024 / 1000000)) # what was installed before is mostly what is wanted again
  ((there < installed)) || there=$installed
  fetched=$((fetched * (installed - there) / installed))
  installed=$((installed - there))

  temporary_folder "$1"
  if room "$venv"; then
    disk_of_venv=$disk
    ((REPLY >= installed)) || lacks_room "$installed" "in $venv"
  fi
  if room "$temporary"; then
    disk_of_temporary=$disk
    if [[ $disk == "$disk_of_venv" ]]; then
      ((REPLY >= installed + fetched)) ||
        lacks_room $((installed + fetched)) "in $venv and, while pip unpacks them, in $temporary"
    else
      ((REPLY >= fetched)) ||
        lacks_room "$fetched" "in $temporary, where pip unpacks them" ", or set TMPDIR to a folder on a larger disk"
    fi
  fi
  # pip keeps a copy of what it fetches for the next time, as long as there is room for that, too.
  if room "${HOME:-/}"; then
    [[ $disk != "$disk_of_venv" ]] || REPLY=$((REPLY - installed))
    [[ $disk != "$disk_of_temporary" ]] || REPLY=$((REPLY - fetched))
    ((REPLY >= fetched)) || export PIP_NO_CACHE_DIR=1
  fi
}

lacks_room() { # MB PLACE [OTHER WAY OUT]; REPLY = how many MB are free
  local free
  amount "$REPLY" && free=$REPLY
  amount "$1"
  stop 5 "The packages need about $REPLY $2; $free are free there. Make room${3-}, then run the same command again."
}

amount() { # MB -> REPLY
  REPLY="$1 MB"
  (($1 < 1000)) || REPLY="$(($1 / 1000)).$(($1 % 1000 / 100)) GB"
}

# The folder that Python's programs use; one without room for a single file is none.
temporary_folder() { # PYTHON -> temporary
  temporary=$("$1" -c 'import tempfile; print(tempfile.gettempdir())' 2>/dev/null) || temporary=${TMPDIR:-/tmp}
}

room() { # FOLDER -> REPLY, the MB that are free there, and disk, which file system it is; false if nobody can tell
  local line form='^(.*[^ ]) +([0-9]+) +-?[0-9]+ +(-?[0-9]+) +[0-9]+% (.*)$'
  line=$(df -Pk "$1" 2>/dev/null | sed -n 2p) || return
  [[ $line =~ $form ]] && ((BASH_REMATCH[2] > 0)) || return # some network's file systems say 0 of all
  REPLY=$((BASH_REMATCH[3] * 1024 / 1000000))
  disk="${BASH_REMATCH[1]} ${BASH_REMATCH[4]}"
}

# Hands on what pip says, and ends with FULL where it is that a disk, or the caller's share of it, is full.
told_of_full_disk() {
  local line full=0
  while IFS= read -r line || [[ $line ]]; do
    printf '%s\n' "$line"
    case $line in *'[Errno 28]'* | *'No space left on device'* | *'Disk quota exceeded'*) full=$FULL ;; esac
  done
  return "$full"
}

has_filled_up() { # PYTHON: whether .venv's disk, or that of temporary files, has no room for anything
  local folder
  temporary_folder "$1"
  for folder in "$venv" "$temporary" "${TMPDIR:-/tmp}"; do
    ! room "$folder" || ((REPLY >= 20)) || return 0
  done
  return 1
}
