# Shells that Lintel did not start get the environment of the workbench. Does nothing where no Lintel runs.
for lintel__folder in /run/lintel "${LINTEL_RUNTIME_DIR:-/run/lintel}" "${XDG_RUNTIME_DIR:-/run}/lintel" \
  /tmp/lintel-* /dev/shm/lintel-*; do
  [ -r "$lintel__folder/env.sh" ] || continue
  if [ -O "$lintel__folder" ] && [ ! -L "$lintel__folder" ] && [ -O "$lintel__folder/env.sh" ]; then :
  elif [ "$lintel__folder" = /run/lintel ] && [ ! -O / ]; then :
  else continue
  fi
  . "$lintel__folder/env.sh"
  break
done
unset lintel__folder
