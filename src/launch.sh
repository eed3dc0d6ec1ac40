# shellcheck shell=bash
# What the scripts at the top level have in common: they turn their arguments into absolute paths, show
# the container these paths and nothing else, and hand over to `pigeonhole`. Where there is no container they
# run the same command from .venv. A script sets `root` (the checkout) and sources this file.
#
# Functions that find something out leave it in REPLY: $(…) would eat the newlines at the end of a name.
# Written for bash 3.2, which macOS has: no associative arrays, and with `set -u` an array that may be empty
# is expanded as ${array[@]+"${array[@]}"}.

me=${0##*/}
venv=${root:?}/.venv
# shellcheck source=src/container.sh
. "$root/src/container.sh"
# shellcheck source=src/environment.sh
. "$root/src/environment.sh"
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

new_file() { # PATH -> REPLY, or the end. The container may write into its folder.
  local folder
  shown "$1"
  [[ ! -d $1 && -n $1 && $1 != */ ]] || stop 2 "$REPLY is no name for a file. Choose one."
  [[ $1 != */* || -d ${1%/*}/ ]] || stop 2 "The folder of $REPLY is not there. Make it, or choose another."
  absolute "$1"
  folder=${REPLY%/*}
  share "${folder:-/}" rw
}

# `NAME FILE` and `NAME=FILE` among the options: FILE becomes absolute and is shown to the container, or the folder
# that it is to be made in.
file_option() { # NAME ro|new
  local i file before
  for ((i = 0; i < ${#options[@]}; i++)); do
    case ${options[i]} in
      "$1")
        ((++i < ${#options[@]})) || break
        before='' file=${options[i]}
        ;;
      "$1="*) before=$1= file=${options[i]#"$1="} ;;
      *) continue ;;
    esac
    if [[ $2 == new ]]; then
      new_file "$file"
    else
      if [[ ! -f $file ]]; then
        shown "$file"
        stop 2 "There is no file $REPLY. Check the name behind $1."
      fi
      absolute "$file"
      share "$REPLY" ro
    fi
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
  for path in "$1"/{model.onnx,cache,weights,data,valid} "$1"/{weights,data,valid}/*; do
    [[ -L $path && -e $path ]] || continue
    target=$(readlink "$path")
    [[ $target == /* ]] || { absolute "${path%/*}/$target" && target=$REPLY; }
    case $path in "$1/data"* | "$1/valid"*) share "$target" ro ;; *) share "$target" "$2" ;; esac
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

# --- handing over ---

network=none # for what has no reason to reach out
job_options=() # what one script wants of the engine beyond what all do

launch() { # COMMAND ARGUMENT...
  local level=classify
  if ! wants_help; then
    case $1 in train | evaluate | check | compare | explain | quantize) level=train ;; esac
    case $1 in train | check | compare) network=default ;; esac # weights are downloaded, once
  fi
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
  launch_here "$level" "$@"
}

launch_here() { # classify|train COMMAND ARGUMENT...
  environment "$1"
  # -P: a numpy.py in the folder where the user happens to be is not ours.
  exec "$venv/bin/python" -P -m pigeonhole "${@:2}"
}
