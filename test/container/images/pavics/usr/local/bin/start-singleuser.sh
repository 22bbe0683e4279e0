#!/bin/bash
set -e
exec /usr/local/bin/start.sh jupyterhub-singleuser --ip=0.0.0.0 ${NOTEBOOK_ARGS:-} "$@"
