#!/bin/bash
# Puts files into a Secret that exists, each under its own name, by the API of
# the cluster this runs in. What else the Secret holds stays.
#
#   publish.sh NAMESPACE SECRET FILE...
set -euo pipefail

account=/var/run/secrets/kubernetes.io/serviceaccount
namespace=$1 secret=$2
shift 2

body=""
for file; do
  # A key's newline at the end would become part of an environment variable.
  value=$(printf %s "$(<"$file")" | base64 | tr -d '\n')
  body+="${body:+,}\"$(basename "$file")\":\"$value\""
done

# Token and secrets come to curl by files and pipes: arguments can be seen by others.
printf '{"data":{%s}}' "$body" |
  curl --silent --show-error --fail --output /dev/null --max-time 20 --retry 5 --retry-connrefused \
    --cacert "$account/ca.crt" --config <(printf 'header = "Authorization: Bearer %s"\n' "$(<"$account/token")") \
    --request PATCH --header 'Content-Type: application/merge-patch+json' --data-binary @- \
    "https://kubernetes.default.svc/api/v1/namespaces/$namespace/secrets/$secret"
echo "published $* in $namespace/$secret"
