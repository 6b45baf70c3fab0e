#!/usr/bin/env bash
# Install each peer from the package index in a virtual environment of its own, all under one folder:
# $MAXENT_IRL_PEERS, or maxent_irl/peers in the user's cache. One that is there already is left as it is.
set -euo pipefail

root=${MAXENT_IRL_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/maxent_irl/peers}
mkdir -p "$root"

install() { # name, then what to install, one call of pip per argument
    local name=$1 python=$root/$1/bin/python
    shift
    if [ -e "$root/$name/installed" ]; then
        echo "$name is there"
        return
    fi
    rm -rf "${root:?}/$name"
    python3 -m venv "$root/$name"
    for requirements in "$@"; do
        # shellcheck disable=SC2086 # one argument may name several packages
        "$python" -m pip install --quiet $requirements || { echo "$name could not be installed" >&2; return 0; }
    done
    touch "$root/$name/installed"
    echo "$name installed: $("$python" -m pip list 2>/dev/null | grep -iE '^(imitation|econirl|irl-maxent|numpy|torch|jax) ' | tr -s ' ' | paste -sd ',')"
}

# torch first: where the index has a build for processors alone, a later pip would still choose gigabytes for graphics cards.
install imitation "${TORCH:-torch==2.13.0}" imitation
install econirl econirl
install irl-maxent "irl-maxent numpy<1.24" # it uses numpy.float, which later versions do not have
