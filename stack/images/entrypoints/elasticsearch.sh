#!/bin/bash
# Stand-in for the entry point of the official Elasticsearch image, as far as
# compose.yaml relies on it: other commands run as they are; the password of
# elastic comes from ELASTIC_PASSWORD or the file that ELASTIC_PASSWORD_FILE
# names. Settings in the environment are read by Elasticsearch's own launcher.
set -euo pipefail
umask 0002

if [[ ${1-} != eswrapper ]]; then
  exec "$@"
fi

home=/usr/share/elasticsearch
set +u # it reads variables that need not be set
# shellcheck source=/dev/null
source "$home/bin/elasticsearch-env-from-file"
set -u
if [[ -n ${ELASTIC_PASSWORD-} && ! -f $home/config/elasticsearch.keystore ]]; then # which is kept
  elasticsearch-keystore add --force --stdin bootstrap.password <<<"$ELASTIC_PASSWORD"
fi
exec "$home/bin/elasticsearch"
