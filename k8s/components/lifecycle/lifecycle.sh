#!/bin/bash
# Puts lifecycle, snapshot repository and schedule, and what makes the streams
# follow them; safe to run again.
#
#   lifecycle.sh URL DIR    DIR holds the bodies; the password of elastic is ELASTIC_PASSWORD
set -euo pipefail

url=$1 dir=$2
ask() { # ask METHOD PATH [FILE]: the password comes by a pipe, since arguments can be seen
  printf 'user = "elastic:%s"' "$ELASTIC_PASSWORD" |
    curl --silent --show-error --fail-with-body --max-time 60 --retry 30 --retry-delay 5 --retry-all-errors \
      --config - --cacert "$ES_CA" --request "$1" "$url/$2" ${3:+--header 'Content-Type: application/json' --data-binary "@$dir/$3"}
  echo
}

ask PUT _snapshot/plumbline repository.json
ask PUT _slm/policy/plumbline-nightly slm.json
ask PUT _ilm/policy/plumbline ilm.json
ask PUT _component_template/plumbline@custom template.json
# What was made before has neither lifecycle nor copy: it gets both, and its next index
# all of the template.
ask PUT 'logs-icat.*,logs-plumbline.*,metrics-icat.*,metrics-system.*,metrics-beats.*,metrics-kubernetes.*,metrics-plumbline.*,metrics-loadgen.*/_settings?expand_wildcards=open&allow_no_indices=true' settings.json
