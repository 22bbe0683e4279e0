# The first lines of the bundle, read by sh and skipped by Node (they stand inside a JavaScript comment,
# so no line here may hold a star followed by a slash). Two things must be done before Node starts:
#
# 1. Node must not see variables that stop it, slow it down or change what it loads, but services must get
#    them as they were; and sh itself drops names such as "a.b". So the container's environment goes, byte for
#    byte as the kernel keeps it, through a pipe (a here-document) that environ.ts reads, behind the container's
#    limit of open files, which Node raises for itself.
# 2. The pinned Node is the one beside this file, then the installed one, then any other.
#
# One process only: each costs about a millisecond, at every start. Of the flags, the semi-space is as large as a
# boot's garbage, so that none is collected (3 ms) before the first service runs; untouched pages of it cost
# nothing. The limit of the old space keeps V8 from copying its own code where it can't map it again (2 MiB).
here=${0%/*}
if [ "$here" = "$0" ]; then here=.; fi
node=
for candidate in "$here/node" /usr/local/lib/lintel/node; do
  if [ -z "$node" ] && [ -f "$candidate" ] && [ -x "$candidate" ]; then node=$candidate; fi
done
if [ -z "$node" ]; then node=$(command -v node); fi
if [ -z "$node" ]; then
  why="Cannot start: no program \"node\" beside $0, in /usr/local/lib/lintel or on PATH"
  echo "lintel: $why" >&2
  if [ $$ = 1 ] && [ -f /dev/termination-log ]; then echo "$why" > /dev/termination-log; fi
  exit 127
fi
# A shell that can't make the pipe goes on with what it has itself.
command exec 9<<END
$(ulimit -Sn; PATH=/usr/bin:/bin:$PATH base64 < /proc/$$/environ)
END
LINTEL_ORIGIN_FD=9
export LINTEL_ORIGIN_FD
# Others of the same user may read a process's first environment.
unset LINTEL_PREVIOUS_PASSWORD
unset NODE_OPTIONS NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID NODE_EXTRA_CA_CERTS NODE_PATH
unset NODE_DEBUG NODE_DEBUG_NATIVE NODE_V8_COVERAGE NODE_ICU_DATA NODE_COMPILE_CACHE NODE_DISABLE_COMPILE_CACHE
unset NODE_COMPILE_CACHE_PORTABLE NODE_PENDING_DEPRECATION NODE_REDIRECT_WARNINGS NODE_NO_WARNINGS
unset NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN NODE_USE_SYSTEM_CA NODE_USE_ENV_PROXY
unset NODE_TLS_REJECT_UNAUTHORIZED NODE_TEST_CONTEXT NODE_REPL_EXTERNAL_MODULE
unset OPENSSL_CONF OPENSSL_MODULES SSL_CERT_FILE SSL_CERT_DIR UV_THREADPOOL_SIZE UV_USE_IO_URING
unset LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT LD_BIND_NOW LD_DEBUG MALLOC_CHECK_ MALLOC_PERTURB_
# Images may lack this library of Node's; services get the container's own LD_LIBRARY_PATH back.
if [ -f "${node%/*}/libatomic.so.1" ]; then
  LD_LIBRARY_PATH=${node%/*}
  export LD_LIBRARY_PATH
fi
# Alone, the loader spares Node this whole file as its first module: 0.7 MB that it would keep.
if [ -f "${node%/*}/loader.cjs" ]; then set -- "${node%/*}/loader.cjs" "$0" "$@"; else set -- "$0" "$@"; fi
exec "$node" --disable-warning=ExperimentalWarning --min-semi-space-size=4 --max-semi-space-size=4 --max-old-space-size=512 "$@"
