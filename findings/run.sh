#!/usr/bin/env bash
# Runs every finding, and names those that no longer hold.
set -uo pipefail
cd "$(dirname "$0")"

changed=()
for finding in *.sh; do
  case $finding in common.sh | run.sh) continue ;; esac
  echo "== $finding"
  ./"$finding" || changed+=("$finding")
done
[ ${#changed[@]} -eq 0 ] || { echo "no longer so: ${changed[*]}"; exit 1; }
