# shellcheck shell=bash disable=SC2154
# The container: which engine there is, whether it offers a GPU, the image, and what a job is allowed.
# Sourced by launch.sh, which sets what is not set here.

# docker_run = the command line up to the image, all of it checked. Otherwise false, and REPLY = why not.
container() { # classify|train ARGUMENT...
  local level=$1 argument info path i accelerator=cpu quote='"'
  engine=${DOCKER:-docker}
  command -v "$engine" >/dev/null || { REPLY="there is no $engine here" && return 1; }
  info=$("$engine" info 2>&1) || { REPLY="$engine does not answer" && return 1; }
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
    --log-driver none) # what is printed comes out here, and names of pictures are kept nowhere else
  limits "$info"
  caller "$info"
  # Labelling the user's own pictures for SELinux would change them; not separating this one container does not.
  [[ ! -e /sys/fs/selinux/enforce ]] || docker_run+=(--security-opt label=disable)
  if [[ $network == page ]]; then
    publish_page "$info"
  elif [[ $network == none || ${PIGEONHOLE_OFFLINE-} == 1 ]]; then
    docker_run+=(--network none)
  fi
  # On a GPU other processes decode, and hand pictures over in shared memory, of which a container has 64 MB.
  [[ $level != train ]] || docker_run+=(--shm-size 1g)
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
  [[ $2 != watch || $# -lt 5 ]] || watcher "$5"
  docker_run+=(${gpu_flags[@]+"${gpu_flags[@]}"} "$image")
}

# Whether it is well, and what `docker stop` gives it for the files in hand. OUT stands in a variable, because an engine
# hands the check to a shell.
watcher() { # OUT
  docker_run+=(--env "PIGEONHOLE_OUT=$1"
    --health-cmd "pigeonhole health" --health-interval 10s --health-timeout 10s --health-retries 1
    --health-start-period 30s --stop-timeout 20)
}

# A port of this machine leads to the page, and of this machine alone. Out of a bridge without masquerading no packet
# finds its way back, so the page cannot reach the network; podman has no such bridge.
page_options=()
publish_page() { # INFO
  local port=8420 given i name=pigeonhole-page
  for ((i = 0; i < ${#options[@]}; i++)); do
    case ${options[i]} in
      --port) given=${options[i + 1]-} ;;
      --port=*) given=${options[i]#--port=} ;;
      --host | --host=* | --public | --public=*)
        stop 2 "A container's page is shown on this machine alone. For another --host set PIGEONHOLE_RUNTIME=local."
        ;;
    esac
  done
  if [[ ${given-0} != 0 ]]; then
    port=$given
  else
    while ((port < 8460)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do ((++port)); done
  fi
  if ! is_podman "$1" && { "$engine" network inspect "$name" >/dev/null 2>&1 ||
    "$engine" network create --opt com.docker.network.bridge.enable_ip_masquerade=false "$name" >/dev/null 2>&1; }; then
    docker_run+=(--network "$name")
  else
    say "This engine cannot keep the page from reaching the network; nothing in it does."
  fi
  docker_run+=(--publish "127.0.0.1:$port:8420")
  # shellcheck disable=SC2034 # for launch.sh
  page_options=(--host 0.0.0.0 --port 8420 --public "127.0.0.1:$port")
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
    { LC_ALL=C sort && echo "${PIGEONHOLE_BASE-}"; } | cksum)
  REPLY=pigeonhole-$1:${sum%% *}-$2
}

build() { # classify|train cpu|gpu
  local log arguments=(--target "$1" --build-arg "ACCELERATOR=$2" --tag "$image")
  [[ -z ${PIGEONHOLE_TORCH_INDEX-} ]] || arguments+=(--build-arg "TORCH_INDEX=$PIGEONHOLE_TORCH_INDEX")
  [[ -z ${PIGEONHOLE_BASE-} ]] || arguments+=(--build-arg "BASE=$PIGEONHOLE_BASE")
  log=$(mktemp "${TMPDIR:-/tmp}/pigeonhole-build.XXXXXX") || { REPLY="there is no room for a log in ${TMPDIR:-/tmp}" && return 1; }
  say "Making the container image $image; this once it takes some minutes (log: $log)."
  if ! "$engine" build "${arguments[@]}" "$root" >"$log" 2>&1; then
    REPLY="its image could not be built (log: $log)"
    ! grep -qiE 'no space left on device|disk quota exceeded' "$log" ||
      REPLY="its image could not be built, because the disk of $engine is full; '$engine system df' says what fills it (log: $log)"
    return 1
  fi
  rm -f "$log"
}

# A GPU of the host says nothing about the engine: it needs NVIDIA's toolkit, and then wants it one way or the
# other. So try, before the job. With the base image, while ours is not there: ours with CUDA has gigabytes.
engine_offers_gpu() { # classify|train INFO -> gpu_flags
  local probe flags
  image_tag "$1" gpu
  probe=$REPLY
  has_image "$probe" || probe=${PIGEONHOLE_BASE:-$(sed -n 's/^ARG BASE=//p' "$root/Dockerfile")}
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
