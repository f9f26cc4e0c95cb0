#!/bin/sh
# Says an event for an EDMS without Django, or from a deployment script; its exit code is that of `holdfast emit`.
#
#   HOLDFAST_DEPLOYMENT=records-eu emit.sh edms.volume.removal.pending --wait && docker volume rm media
#
# HOLDFAST_DEPLOYMENT  name of the deployment in its spec
# HOLDFAST             the program (default: holdfast on the path)
# HOLDFAST_HOME        home folder of the stack, as for every command
set -eu
: "${HOLDFAST_DEPLOYMENT:?name of the deployment in its spec}"
if [ $# -eq 0 ]; then
  echo "usage: emit.sh TYPE [--wait] [--timeout 30m] [--id ID] [--source SOURCE] [--data JSON]" >&2
  exit 2
fi
exec "${HOLDFAST:-holdfast}" emit "$HOLDFAST_DEPLOYMENT" "$@"
