#!/bin/bash
# What docker-stacks' start.sh does where it is not root: the hooks of both folders, in this shell, then the command.
set -e
for folder in /usr/local/bin/start-notebook.d /usr/local/bin/before-notebook.d; do
  for hook in "$folder"/*; do
    case $hook in
      *.sh) . "$hook" ;;
      *) if [ -x "$hook" ]; then "$hook"; fi ;;
    esac
  done
done
echo "Executing the command: $*"
exec "$@"
