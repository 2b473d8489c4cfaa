# shellcheck shell=bash
# Sourced first by every script here: how commands are run and shown, how long something is waited
# for, and what is said and undone when a step fails. A script sets PROGRAM before.

set -o errexit -o nounset -o pipefail
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  echo "$PROGRAM: needs bash 4.4 or newer, this is $BASH_VERSION: install one and put it first in PATH" >&2
  exit 2
fi
shopt -s inherit_errexit

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(cd -- "$HERE/../.." && pwd)
# shellcheck source=SCRIPTDIR/../versions.env
source "$HERE/versions.env"

DRY_RUN=
TIMEOUT=
STEP=
NEXT=
UNDO=
# What was being done, what to do if it fails, and the function that undoes what was begun.

exec 3>&1

step() { # WHAT NEXT: what is done now, and what to do where it fails
  STEP=$1 NEXT=$2
  if [[ $DRY_RUN ]]; then printf '# %s\n' "$1" >&3; else printf '%s ...\n' "$1" >&3; fi
}

say() {
  if [[ ! $DRY_RUN ]]; then printf '%s\n' "$*" >&3; fi
}

mistake() { # MESSAGE: what was asked can not be done as it was written
  printf '%s: %s; %s --help says more\n' "$PROGRAM" "$1" "$PROGRAM" >&2
  STEP=
  exit 2
}

fail() { # MESSAGE NEXT
  printf '%s: %s\n  next: %s\n' "$PROGRAM" "$1" "$2" >&2
  STEP=
  exit 1
}

finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  set +o errexit
  if ((code != 0)) && [[ $STEP ]]; then
    printf '%s: this failed: %s\n  next: %s\n' "$PROGRAM" "$STEP" "$NEXT" >&2
  fi
  if ((code != 0)) && [[ $UNDO ]]; then "$UNDO"; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quoted() { # as one would type it
  local each text=
  for each in "$@"; do
    [[ $each =~ ^[A-Za-z0-9_./:=@%+,-]+$ ]] || each="'${each//\'/\'\\\'\'}'"
    text+=" $each"
  done
  printf '%s' "${text:1}"
}

show() { printf '+ %s\n' "$(quoted "$@")" >&3; }

run() { # COMMAND...
  if [[ $DRY_RUN ]]; then show "$@"; else "$@"; fi
}

run_fed() { # COMMAND...: one that reads standard input
  if [[ ! $DRY_RUN ]]; then
    "$@"
  else
    printf "+ %s <<'END'\n%s\nEND\n" "$(quoted "$@")" "$(cat)" >&3
  fi
}

query() { # PLACEHOLDER COMMAND...: what a command prints; a dry run shows it and gives the placeholder
  if [[ $DRY_RUN ]]; then
    show "${@:2}"
    printf '%s' "$1"
  else
    "${@:2}"
  fi
}

piped() { # COMMAND... '|' COMMAND... ['|' COMMAND...]: a pipeline, whose data is in no variable
  local -a first=() rest=()
  while (($#)) && [[ $1 != '|' ]]; do
    first+=("$1")
    shift
  done
  rest=("${@:2}")
  if ((${#rest[@]} == 0)); then
    "${first[@]}"
  else
    "${first[@]}" | piped "${rest[@]}"
  fi
}

run_piped() {
  if [[ ! $DRY_RUN ]]; then
    piped "$@"
    return
  fi
  local each text=
  for each in "$@"; do
    if [[ $each == '|' ]]; then text+=' |'; else text+=" $(quoted "$each")"; fi
  done
  printf '+%s\n' "$text" >&3
}

await() { # SECONDS WHAT COMMAND...: until a command succeeds; --timeout shortens or stretches it
  local limit=${TIMEOUT:-$1} what=$2
  shift 2
  if [[ $DRY_RUN ]]; then
    printf '# wait for %s, %s s at most\n' "$what" "$limit" >&3
    "$@"
    return
  fi
  local end=$((SECONDS + limit))
  until "$@"; do
    if ((SECONDS >= end)); then
      printf '%s: waited %s s for %s\n' "$PROGRAM" "$limit" "$what" >&2
      return 1
    fi
    sleep 0.5
  done
}

need() { # TOOL...
  local tool
  [[ ! $DRY_RUN ]] || return 0
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "there is no $tool on PATH" "install $tool (docs/bootstrap.md lists what is needed)"
  done
}

take() { # VARIABLE CHECK FLAG [VALUE...]: set a variable to the value after a flag, if it is sound
  (($# > 3)) && [[ $4 != -* ]] || mistake "$3 wants a value"
  "$2" "$3" "$4"
  printf -v "$1" '%s' "$4"
}

anything() { [[ $2 ]] || mistake "$1 wants a value"; }

seconds() {
  [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || mistake "$1 wants a number of seconds, not '$2'"
}

name() { # a DNS label, as containers, nodes and clusters have it
  [[ $2 =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] ||
    mistake "$1 '$2' is no name of a node or cluster: small letters, digits and dashes, 63 at most"
}

gpuclass() { # the command of this repository, else the one that is installed
  local found=${GPUCLASS:-$ROOT/.venv/bin/gpuclass}
  if [[ ! -x $found ]]; then
    found=$(type -P gpuclass) ||
      fail "there is no gpuclass command" "make .venv/runtime in $ROOT, or pip install gpuclass"
  fi
  "$found" "$@"
}

usage() { # the comment at the head of the script
  sed -n '2,/^$/{s/^# \{0,1\}//p;}' "$0"
  exit 0
}
