#!/bin/bash
# Stand-in for the entry point of Elastic's Beat images: flags and subcommands
# go to the Beat, any other command runs as it is.
set -euo pipefail

case ${1--} in
-* | export | help | keystore | run | setup | test | version)
  exec @beat@ "$@"
  ;;
*)
  exec "$@"
  ;;
esac
