# Read by with-contenv and printcontenv: where the environment's folder is, and what its files hold. Works under dash,
# bash and BusyBox. Names begin with lintel__, because the variables of the folder are set in this very shell; and no
# process is started for a file, because there are dozens.

lintel__newline='
'

# Sets lintel__folder to the first of the usual places that nobody but root and this user could have written.
lintel__find_folder() {
  for lintel__folder in "${LINTEL_RUNTIME_DIR:-/run/lintel}/env" /run/s6/container_environment /run/lintel/env \
    "${XDG_RUNTIME_DIR:-/run}/lintel/env" /tmp/lintel-*/env /dev/shm/lintel-*/env; do
    if [ -d "$lintel__folder" ] && [ -r "$lintel__folder" ] && lintel__is_ours; then return 0; fi
  done
  return 1
}

lintel__is_ours() {
  if [ -O "$lintel__folder" ]; then return 0; fi
  # shellcheck disable=SC2046 # the third word is the owner
  set -- $(ls -ldnL "$lintel__folder" 2>/dev/null)
  [ "${3-}" = 0 ]
}

# lintel__read FILE: sets lintel__value to its text, without one newline at its end; nothing in it is evaluated.
lintel__read() {
  lintel__value= lintel__line=
  while IFS= read -r lintel__line; do
    lintel__value=$lintel__value$lintel__line$lintel__newline
  done <"$1"
  lintel__value=$lintel__value$lintel__line
  lintel__value=${lintel__value%"$lintel__newline"}
}
