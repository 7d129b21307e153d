#!/bin/bash
# Stand-in for apt-get, as far as our Dockerfile relies on it: installs what
# stands ready under /standin/packages, and nothing else.
set -euo pipefail

case ${1-} in
update) ;;
install)
  for package in "${@:2}"; do
    case $package in
    -*) ;;
    *)
      [[ -d /standin/packages/$package ]] || { echo "E: Unable to locate package $package" >&2 && exit 100; }
      cp -a "/standin/packages/$package/." /
      ;;
    esac
  done
  ;;
*)
  echo "E: the stand-in for apt-get knows update and install" >&2
  exit 100
  ;;
esac
