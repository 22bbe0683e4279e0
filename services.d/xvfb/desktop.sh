# Read by the run scripts of the desktop's services: xvfb, openbox, x11vnc, novnc. Starts a process only once.
#   $state      their private folder, which holds secrets
#   DISPLAY     the container's own where that is a plain :N, else :1
#   XAUTHORITY  the file with the display's cookie, without which nobody gets in
umask 077

# fail WORDS: ends the service with that sentence as its last line.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The one folder there that is the workbench user's alone, whoever Lintel is. A root that is not the workbench user
# would trust a folder of theirs.
secrets=$LINTEL_RUNTIME_DIR/secrets
if ! [ -O "$secrets" ]; then
  fail "Cannot run the desktop: $secrets is another user's, expected the workbench user's" \
    "(the desktop does not run with LINTEL_SERVICE_USER=root)"
fi
state=$secrets/desktop
if ! { [ -d "$state" ] && [ ! -L "$state" ] && [ -O "$state" ]; }; then mkdir "$state"; fi

DISPLAY=${DISPLAY:-}
DISPLAY=${DISPLAY%.0}
case $DISPLAY in
  :*[!0-9]* | : | [!:]* | '') DISPLAY=:1 ;;
esac
XAUTHORITY=$state/cookie
export DISPLAY XAUTHORITY
