# shellcheck shell=bash disable=SC2154
# The user's arguments: what they name, as absolute paths, and which of it the container gets to see.
# Sourced by launch.sh, which sets what is not set here.

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

has_option() { # NAME
  local option
  for option in ${options[@]+"${options[@]}"}; do
    [[ $option != "$1" && $option != "$1="* ]] || return 0
  done
  return 1
}

# Gives each path its role from the table of commands, and leaves in `arguments` what arrives at the command, and in
# `model` the model file that it reads.
arguments=()
model=''
take_paths() {
  local spec role several='' least=0 spare i=0
  for spec in "${roles[@]}"; do
    [[ $spec != *...* ]] || several=yes
    [[ $spec == '['* ]] || ((++least))
  done
  spare=$((${#paths[@]} - least))
  if ((spare < 0)) || { [[ ! $several ]] && ((${#paths[@]} > ${#roles[@]})); }; then
    stop 2 "Got ${#paths[@]} path$( ((${#paths[@]} == 1)) || echo s). Expected: $usage"
  fi
  for spec in "${roles[@]}"; do
    role=${spec#*:}
    role=${role%%[].]*}
    if [[ $spec != '['* ]]; then
      take "$role" "${paths[i++]}"
    elif [[ $spec == *'...]' ]]; then
      : # any number, below
    elif ((spare)) && is_first "${paths[i]}"; then
      take "$role" "${paths[i++]}"
      ((--spare)) || :
    else
      take "$role" "$root/tf_files"
    fi
    [[ $spec == *...* ]] || continue
    for (( ; spare; spare--)); do take "$role" "${paths[i++]}"; done
  done
}

# Whether it is one such as s3://bucket/folder: then the command runs outside, since a container has no network.
is_address() { # PATH
  [[ $1 == [A-Za-z]*://* ]] || return 1
  shown "$1"
  [[ ${PIGEONHOLE_RUNTIME-} == local || $where == here ]] ||
    say "Running from .venv instead of a container, which has no network for $REPLY."
  where=here
}

# Is PATH TF_FILES, which may be left out? Before pictures, any folder is; before folders, one that holds what belongs
# into it, or nothing yet.
is_first() { # PATH
  local name
  [[ $several ]] || return 0
  [[ -d $1 ]] || return 1
  [[ ${roles[${#roles[@]} - 1]} == *'...]' ]] || return 0
  [[ ${1%/} != tf_files && ${1%/} != */tf_files ]] || return 0
  for name in data weights model.onnx .pigeonhole/decisions.sqlite; do [[ ! -e $1/$name ]] || return 0; done
  for name in "$1"/*; do [[ ! -e $name && ! -L $name ]] || return 1; done
}

take() { # ROLE PATH
  if [[ $1 == source || $1 == table ]] && is_address "$2"; then
    arguments+=("$2")
    return
  fi
  case $1 in
    model | data | report | folder | in | inbox | source) folder "$2" ;;
    out | table) output_folder "$2" "$before" ;;
    picture) picture "$2" ;;
    film) film "$2" ;;
    new) new_file "$2" ;;
  esac
  before=$REPLY
  arguments+=("$before")
  case $1 in
    model | report) model=$before/model.onnx && share_tf_files "$before" ro ;;
    data) share_tf_files "$before" rw ;;
    in) if has_option --move; then share "$before" rw; else share "$before" ro; fi ;;
    inbox) if has_option --copy; then share "$before" ro; else share "$before" rw; fi ;;
    out | table) [[ ! -d $before ]] || share "$before" rw ;;
    # Each mount takes the engine time: beyond a hundred pictures it is shown the folders that they lie in.
    picture) if ((${#paths[@]} <= 100)) || [[ -L $before ]]; then share "$before" ro; else share_folder_of "$before" ro; fi ;;
    folder | film | source) share "$before" ro ;;
    new) share_folder_of "$before" rw ;;
  esac
  [[ $1 != report ]] || has_option --no-report || share_report "$before"
}

# What finds faces is in the larger image alone, in which a model that looks at them was trained.
looks_at_faces() {
  local option
  [[ $where == classify ]] || return 1
  for option in ${options[@]+"${options[@]}"}; do
    case $option in --faces | --boxes | --boxes=*) return 0 ;; esac
  done
  [[ -f $model ]] && LC_ALL=C grep -qaE '"face": "(drawn|human)"' "$model"
}

# The package that reads and writes tables is nearly as large as all that sorting needs, so it is in the larger image.
uses_table() {
  [[ $command == answers ]] || has_option --from-answers
}

# `NAME FILE` and `NAME=FILE` among the options: FILE becomes absolute and is shown to the container, or the folder
# that it is to be made in.
take_files() {
  local spec name i file prefix
  for spec in ${files[@]+"${files[@]}"}; do
    name=${spec%:*}
    for ((i = 0; i < ${#options[@]}; i++)); do
      case ${options[i]} in
        "$name")
          ((++i < ${#options[@]})) || break
          prefix='' file=${options[i]}
          ;;
        "$name="*) prefix=$name= file=${options[i]#"$name="} ;;
        *) continue ;;
      esac
      [[ $spec != *:path ]] || continue
      if [[ $spec == *:new ]]; then
        new_file "$file"
        share_folder_of "$REPLY" rw
      elif [[ $spec == *:table ]]; then
        ! is_address "$file" || continue
        shown "$file"
        [[ -e $file ]] || stop 2 "There is no table $REPLY. Check the name behind $name."
        absolute "$file"
        share "$REPLY" ro
      else
        if [[ ! -f $file ]]; then
          shown "$file"
          stop 2 "There is no file $REPLY. Check the name behind $name."
        fi
        absolute "$file"
        share "$REPLY" ro
      fi
      options[i]=$prefix$REPLY
    done
  done
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
  shown "$1"
  [[ -e $1 ]] || stop 2 "There is no picture $REPLY. Check the name."
  [[ ! -d $1 ]] || stop 2 "$REPLY is a folder, not a picture; for folders there is guessDir.sh. Expected: $usage"
  absolute "$1"
}

film() { # PATH -> REPLY, or the end
  shown "$1"
  [[ -e $1 ]] || stop 2 "There is no film $REPLY. Check the name."
  absolute "$1"
}

folder() { # PATH -> REPLY, or the end
  shown "$1"
  if [[ ! -d $1 ]]; then
    [[ ! -e $1 ]] || stop 2 "$REPLY is a file, not a folder. Expected: $usage"
    stop 2 "There is no folder $REPLY. Expected: $usage"
  fi
  absolute "$1"
}

output_folder() { # PATH IN -> REPLY. PATH is made if need be, but not before it is known to lie outside IN.
  local out=$1 in=$2 there rest='' shown_out
  [[ $out == /* ]] || out=./$out
  shown "$1"
  shown_out=$REPLY
  [[ ! -e $out || -d $out ]] || stop 2 "$shown_out is a file, not a folder. Name a folder for the result."
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
    stop 2 "$shown_out is the same folder as $REPLY, or lies inside it. Choose a folder outside."
  elif [[ -z $rest ]] && lies_in "$in" "$there"; then
    shown "$in"
    stop 2 "$REPLY lies in $shown_out. Choose an output folder that does not contain it."
  fi

  if [[ -n $rest ]]; then
    if has_option --dry-run; then
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

new_file() { # PATH -> REPLY, or the end
  shown "$1"
  [[ ! -d $1 && -n $1 && $1 != */ ]] || stop 2 "$REPLY is no name for a file. Choose one."
  [[ $1 != */* || -d ${1%/*}/ ]] || stop 2 "The folder of $REPLY is not there. Make it, or choose another."
  absolute "$1"
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

share_folder_of() { # FILE ro|rw
  local folder=${1%/*}
  share "${folder:-/}" "$2"
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

share_report() { # TF_FILES. Made as the caller: the container would make it as root, or refuse to start.
  mkdir -p "$1/report" 2>/dev/null || stop 5 "The folder report cannot be made in $1. Check its permissions, or leave the report out with --no-report."
  share "$1/report" rw
}
