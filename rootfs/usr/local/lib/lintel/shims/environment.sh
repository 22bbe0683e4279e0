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

# Both the folder and the one that holds its name: in /tmp anybody can make a name that leads to a folder of root's
# with files of theirs in it, such as /tmp itself. The name's folder must be no link; the folder may be behind one.
lintel__is_ours() {
  ls -ldn "${lintel__folder%/*}" "$lintel__folder/." 2>/dev/null | {
    lintel__count=0 lintel__uid=
    while read -r lintel__mode _ lintel__owner _; do
      lintel__count=$((lintel__count + 1))
      case $lintel__mode in
      d????-??-*) ;;
      *) exit 1 ;;
      esac
      if [ "$lintel__owner" = 0 ]; then continue; fi
      lintel__uid=${lintel__uid:-$(id -u)}
      if [ "$lintel__owner" != "$lintel__uid" ]; then exit 1; fi
    done
    [ "$lintel__count" -ge 2 ]
  }
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
