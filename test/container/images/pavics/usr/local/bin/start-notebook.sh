#!/bin/bash
# Below a hub, its single-user server; else Jupyter.
set -e
if [[ -n "${JUPYTERHUB_API_TOKEN:-}" ]]; then
  exec /usr/local/bin/start-singleuser.sh "$@"
fi
exec /usr/local/bin/start.sh jupyter notebook ${NOTEBOOK_ARGS:-} "$@"
