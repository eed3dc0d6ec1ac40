# shellcheck shell=bash
# What train.sh, guess.sh and guessDir.sh have in common: they turn their arguments into absolute paths, show
# the container these paths and nothing else, and hand over to `pigeonhole`. Where there is no container they
# run the same command from .venv. A script sets `root` (the checkout) and sources this file.
#
# Functions that find something out leave it in REPLY: $(…) would eat the newlines at the end of a name.
# Written for bash 3.2, which macOS has: no associative arrays, and with `set -u` an array that may be empty
# is expanded as ${array[@]+"${array[@]}"}.

me=${0##*/}
venv=${root:?}/.venv
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

# --- arguments ---

# Sorts the arguments into `paths` and `options`: paths come first, the first argument that begins with a dash
# and is not there as a file begins the options, and `--` says that only paths follow.
paths=()
options=()
read_arguments() {
  while (($#)) && [[ $1 != -- ]] && [[ $1 != -* || -e $1 ]]; do
    paths+=("$1")
    shift
  done
  while (($#)) && [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  (($# < 2)) || paths+=("${@:2}")
}

wants_help() { ((${#paths[@]} == 0)) && [[ ${options[*]-} == --help || ${options[*]-} == -h ]]; }

has_option() { # NAME
  local option
  for option in ${options[@]+"${options[@]}"}; do
    [[ $option != "$1" ]] || return 0
  done
  return 1
}

# --- paths ---

# REPLY = the absolute path: physical for a folder; for a file its folder's, and its own name, so that a link
# to a picture keeps the name the user knows.
absolute() {
  local path=$1 folder
  [[ $path == /* ]] || path=./$path # a leading dash, and a folder that is called -
  if [[ -d $path ]]; then
    physical_folder "$path"
  else
    folder=${path%/*}
    physical_folder "${folder:-/}"
    REPLY=${REPLY%/}/${path##*/}
  fi
}

physical_folder() {
  REPLY=$(cd -P "$1" 2>/dev/null && printf '%s/' "$PWD") || {
    shown "$1"
    stop 2 "The folder $REPLY cannot be entered. Check its permissions."
  }
  [[ $REPLY == / ]] || REPLY=${REPLY%/}
  while [[ $REPLY == //* ]]; do REPLY=${REPLY#/}; done
}

picture() { # PATH -> REPLY, or the end
  if [[ ! -e $1 ]]; then
    shown "$1"
    stop 2 "There is no picture $REPLY. Check the name."
  fi
  absolute "$1"
}

folder() { # PATH WHAT -> REPLY, or the end
  if [[ ! -d $1 ]]; then
    shown "$1"
    [[ ! -e $1 ]] || stop 2 "$REPLY is a file. Name the folder $2."
    stop 2 "There is no folder $REPLY. Name the folder $2."
  fi
  absolute "$1"
}

output_folder() { # PATH IN -> REPLY. PATH is made if need be, but not before it is known to lie outside IN.
  local out=$1 in=$2 there rest='' shown_out
  [[ $out == /* ]] || out=./$out
  shown "$1"
  shown_out=$REPLY
  [[ ! -e $out || -d $out ]] || stop 2 "$shown_out is a file. Name a folder for the sorted pictures."
  while [[ $out == */ && $out != / ]]; do out=${out%/}; done
  there=$out
  until [[ -d $there ]]; do
    rest=/${there##*/}$rest
    there=${there%/*}
    there=${there:-/}
  done
  [[ $rest/ != */../* ]] || stop 2 "The folder $shown_out cannot be made: there is a '..' after a folder that is missing. Write the path without it."

  absolute "$there"
  if lies_in "$REPLY" "$in"; then
    shown "$in"
    stop 2 "$shown_out is $REPLY itself or lies in it. Choose a folder outside."
  elif [[ -z $rest ]] && lies_in "$in" "$there"; then
    shown "$in"
    stop 2 "$REPLY lies in $shown_out. Choose an output folder that does not contain it."
  fi

  if [[ -n $rest ]]; then
    if has_option --dry-run || has_option --help || has_option -h; then
      absolute "$there"
      REPLY=${REPLY%/}$rest
      return
    fi
    # As the caller: the container would make it as root, or refuse to start.
    mkdir -p "$out" 2>/dev/null || stop 5 "The folder $shown_out cannot be made. Check the permissions of the folder above it, and the room on the disk."
  fi
  absolute "$out"
}

lies_in() { # FOLDER OTHER: is FOLDER, an absolute path, OTHER or below it? By device and inode: two names may be one folder.
  local path=$1
  while :; do
    [[ ! $path -ef $2 ]] || return 0
    [[ $path != / ]] || return 1
    path=${path%/*}
    path=${path:-/}
  done
}

# `--weights FILE` and `--weights=FILE` among the options: FILE becomes absolute and is shown to the container.
absolute_weights() {
  local i file before
  for ((i = 0; i < ${#options[@]}; i++)); do
    case ${options[i]} in
      --weights)
        ((++i < ${#options[@]})) || break
        before='' file=${options[i]}
        ;;
      --weights=*) before=--weights= file=${options[i]#--weights=} ;;
      *) continue ;;
    esac
    if [[ ! -f $file ]]; then
      shown "$file"
      stop 2 "There is no weights file $REPLY. Check the name behind --weights."
    fi
    absolute "$file"
    share "$REPLY" ro
    options[i]=$before$REPLY
  done
}

# --- what the container gets to see ---

# Every path is mounted at its own place, so that messages and records show the names that the user knows.
shared=()
modes=()
share() { # PATH ro|rw
  local path=$1 mode=$2 i
  for ((i = 0; i < ${#shared[@]}; i++)); do
    if [[ $path == "${shared[i]}" ]]; then
      [[ $mode == ro ]] || modes[i]=rw
      return
    elif [[ $path == "${shared[i]}"/* && ! -L $path ]] && [[ $mode == ro || ${modes[i]} == rw ]]; then
      return # seen with the folder that it lies in
    fi
  done
  shared+=("$path")
  modes+=("$mode")
}

# TF_FILES, and what the links in it lead to that the commands follow; inside they would lead nowhere.
share_tf_files() { # PATH ro|rw
  local path target
  share "$1" "$2"
  for path in "$1"/{model.onnx,cache,weights,data} "$1"/{weights,data}/*; do
    [[ -L $path && -e $path ]] || continue
    target=$(readlink "$path")
    [[ $target == /* ]] || { absolute "${path%/*}/$target" && target=$REPLY; }
    case $path in "$1/data"*) share "$target" ro ;; *) share "$target" "$2" ;; esac
  done
}

# Mounted over these, a folder would hide what the container itself consists of.
hides_the_system() {
  case $1 in
    / | /run | /opt | /usr) ;;
    /usr/share | /usr/share/* | /usr/local/share/* | /dev/shm/*) return 1 ;;
    /usr/* | /bin | /bin/* | /sbin | /sbin/* | /lib | /lib/* | /lib32 | /lib32/* | /lib64 | /lib64/*) ;;
    /etc | /etc/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
    /opt/venv | /opt/venv/* | /run/pigeonhole | /run/pigeonhole/*) ;;
    *) return 1 ;;
  esac
}

# An engine takes its arguments as JSON, where a byte that is no UTF-8 becomes another character.
is_text() {
  local LC_ALL=C
  [[ $1 == *[!\ -~]* ]] || return 0
  ! command -v iconv >/dev/null || printf '%s' "$1" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1
}

# --- handing over ---

launch() { # COMMAND ARGUMENT...
  local level=classify
  [[ $1 != train ]] || wants_help || level=train
  case ${PIGEONHOLE_RUNTIME-} in
    '' | container)
      if container "$level" "$@"; then
        exec "${docker_run[@]}" "$@"
      fi
      [[ -z ${PIGEONHOLE_RUNTIME-} ]] || stop 2 "PIGEONHOLE_RUNTIME=container, but $REPLY."
      say "Running from .venv instead of a container: $REPLY."
      ;;
    local) say "Running from .venv instead of a container: PIGEONHOLE_RUNTIME=local." ;;
    *) stop 2 "PIGEONHOLE_RUNTIME=$PIGEONHOLE_RUNTIME is neither 'container' nor 'local'. Leave it empty to try the one and then the other." ;;
  esac
  environment "$level"
  # -P: a numpy.py in the folder where the user happens to be is not ours.
  exec "$venv/bin/python" -P -m pigeonhole "$@"
}

# --- the container ---

# docker_run = the command line up to the image, all of it checked. Otherwise false, and REPLY = why not.
container() { # classify|train ARGUMENT...
  local level=$1 argument info path i accelerator=cpu quote='"'
  engine=${DOCKER:-docker}
  command -v "$engine" >/dev/null || { REPLY="there is no $engine here" && return 1; }
  info=$("$engine" info 2>/dev/null) || { REPLY="$engine does not answer" && return 1; }
  for argument in "$@"; do
    printf -v REPLY 'no engine can be told the name %q, which is not UTF-8' "$argument"
    is_text "$argument" || return 1
  done
  for path in ${shared[@]+"${shared[@]}"}; do
    hides_the_system "$path" || continue
    shown "$path"
    stop 2 "The container has system files of its own at $REPLY. Choose another folder, or set PIGEONHOLE_RUNTIME=local."
  done

  gpu_flags=()
  if wants_gpu; then
    if engine_offers_gpu "$level" "$info"; then
      accelerator=gpu
    elif [[ -n ${PIGEONHOLE_GPU-} ]]; then
      REPLY="$engine offers no GPU" && return 1
    fi
  fi
  image_tag "$level" "$accelerator"
  image=$REPLY
  has_image "$image" || build "$level" "$accelerator" || return 1

  docker_run=("$engine" run --rm --init
    --read-only --cap-drop ALL --security-opt no-new-privileges
    --tmpfs /run/pigeonhole:mode=1777)
  caller "$info"
  # Labelling the user's own pictures for SELinux would change them; not separating this one container does not.
  [[ ! -e /sys/fs/selinux/enforce ]] || docker_run+=(--security-opt label=disable)
  # Only training has a reason to reach out: the weights, once.
  if [[ $level != train || ${PIGEONHOLE_OFFLINE-} == 1 ]]; then
    docker_run+=(--network none)
  fi
  # A terminal inside only if both streams are one outside: it would join them. Ctrl-C arrives as a signal.
  [[ ! -t 1 || ! -t 2 ]] || docker_run+=(--tty)
  for i in TERM NO_COLOR COLUMNS LINES PIGEONHOLE_OFFLINE; do docker_run+=(--env "$i"); done
  for ((i = 0; i < ${#shared[@]}; i++)); do
    # A list with commas between its fields: a field in quotes may hold commas, newlines and doubled quotes.
    path=${shared[i]//$quote/$quote$quote}
    path="type=bind,\"source=$path\",\"target=$path\""
    [[ ${modes[i]} == rw ]] || path+=,readonly
    docker_run+=(--mount "$path")
  done
  docker_run+=(${gpu_flags[@]+"${gpu_flags[@]}"} "$image")
}

# What is written belongs to the caller, whose other groups may be what lets them read the pictures.
caller() { # INFO
  local group
  if is_podman "$1"; then
    [[ $1 != *'rootless: true'* ]] || docker_run+=(--userns=keep-id --group-add keep-groups)
    docker_run+=(--user "$(id -u):$(id -g)")
  elif [[ $1 =~ $'\n'[[:space:]]*rootless($'\n'|$) ]]; then
    docker_run+=(--user 0:0) # which is the caller, outside
  else
    docker_run+=(--user "$(id -u):$(id -g)")
    for group in $(id -G); do
      [[ $group == "$(id -g)" ]] || docker_run+=(--group-add "$group")
    done
  fi
}

is_podman() { [[ $1 == *buildahVersion* ]]; }

has_image() { "$engine" image inspect "$1" >/dev/null 2>&1; }

# Named after what it is made of: after an update of the checkout the next run makes a new image.
image_tag() { # classify|train cpu|gpu -> REPLY
  local sum
  sum=$(cd "$root" && find Dockerfile pyproject.toml src/pigeonhole -type f ! -path '*/__pycache__/*' -exec cksum {} + |
    LC_ALL=C sort | cksum)
  REPLY=pigeonhole-$1:${sum%% *}-$2
}

build() { # classify|train cpu|gpu
  local log arguments=(--target "$1" --build-arg "ACCELERATOR=$2" --tag "$image")
  [[ -z ${PIGEONHOLE_TORCH_INDEX-} ]] || arguments+=(--build-arg "TORCH_INDEX=$PIGEONHOLE_TORCH_INDEX")
  log=$(mktemp "${TMPDIR:-/tmp}/pigeonhole-build.XXXXXX") || { REPLY="there is no room for a log in ${TMPDIR:-/tmp}" && return 1; }
  say "Making the container image $image; this once it takes some minutes (log: $log)."
  "$engine" build "${arguments[@]}" "$root" >"$log" 2>&1 || { REPLY="its image could not be built (log: $log)" && return 1; }
  rm -f "$log"
}

# --- the GPU ---

wants_gpu() {
  case ${PIGEONHOLE_GPU-} in
    0) return 1 ;;
    1) return 0 ;;
    '') has_nvidia ;;
    *) stop 2 "PIGEONHOLE_GPU=$PIGEONHOLE_GPU is neither 0 nor 1. Leave it empty to use a GPU where there is one." ;;
  esac
}

# The packages with CUDA exist for this one platform. The third place is where WSL has NVIDIA's tools.
has_nvidia() {
  [[ $(uname -sm) == 'Linux x86_64' ]] &&
    { [[ -e /dev/nvidiactl || -x /usr/lib/wsl/lib/nvidia-smi ]] || command -v nvidia-smi >/dev/null; }
}

# A GPU of the host says nothing about the engine: it needs NVIDIA's toolkit, and then wants it one way or the
# other. So try, before the job. With the base image, while ours is not there: ours with CUDA has gigabytes.
engine_offers_gpu() { # classify|train INFO -> gpu_flags
  local probe flags
  image_tag "$1" gpu
  probe=$REPLY
  has_image "$probe" || probe=$(sed -n 's/^ARG BASE=//p' "$root/Dockerfile")
  for flags in '--gpus all' '--device nvidia.com/gpu=all'; do
    if is_podman "$2" && [[ $flags == --gpus* ]]; then
      continue # podman's older releases accept it and do nothing
    fi
    read -r -a gpu_flags <<<"$flags"
    "$engine" run --rm --network none "${gpu_flags[@]}" --entrypoint /bin/sh "$probe" \
      -c 'test -e /dev/nvidiactl || test -e /dev/dxg' >/dev/null 2>&1 && return 0
  done
  gpu_flags=()
  return 1
}

# --- without a container ---

# Makes .venv, or brings it up to date: `classify` to guess and sort, `train` to learn as well, `dev` for test.sh.
# The file `ready` is written last: an installation that was interrupted is done again.
environment() { # classify|train|dev
  local level=$1 accelerator=cpu wanted python
  ! wants_gpu || accelerator=gpu
  # The place counts too: the environment refers to the checkout by its path.
  wanted=$({ cat "$root/pyproject.toml" && printf '%s' "$root"; } | cksum)
  wanted=${wanted%% *}
  ! is_ready "$wanted" "$level" "$accelerator" || return 0

  find_python
  python=$REPLY
  mkdir -p "$venv" 2>/dev/null || stop 5 "The folder $venv cannot be made. Check the permissions of the folder above it."
  exec 9>"$venv/lock"
  lock "$python"
  if ! is_ready "$wanted" "$level" "$accelerator"; then # or another script has just done it
    say "Setting up .venv; this once it takes some minutes."
    install "$python" "$level" "$accelerator" >&2 ||
      stop 2 "The packages could not be installed into $venv; the reason stands above. Check the network, then run the same command again."
    printf '%s %s %s\n' "$wanted" "$level" "$accelerator" >"$venv/ready"
  fi
  exec 9>&-
}

is_ready() { # CHECKSUM LEVEL ACCELERATOR
  local sum level accelerator
  [[ -x $venv/bin/python ]] && read -r sum level accelerator 2>/dev/null <"$venv/ready" || return 1
  [[ $sum == "$1" ]] || return 1
  case $2-$level in classify-* | train-train | train-dev | dev-dev) ;; *) return 1 ;; esac
  [[ $accelerator == gpu || $accelerator == "$3" ]] # what is made for GPUs runs without one, too
}

find_python() { # -> REPLY
  local lacking=''
  for REPLY in python3.11 python3.12 python3.13 python3.14 python3; do
    "$REPLY" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    "$REPLY" -c 'import ensurepip, venv' 2>/dev/null && return
    lacking=$REPLY
  done
  [[ -z $lacking ]] || stop 2 "$lacking cannot make environments. Install its venv package (python3-venv on Debian and Ubuntu)."
  stop 2 "There is neither a container engine nor Python 3.11 or newer here. Install one of them."
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
    find "$venv" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} + && "$1" -m venv "$venv" || return
  }
  [[ ! -t 2 ]] || quiet=--progress-bar=on
  [[ $2 == classify ]] || extras+=,train
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
