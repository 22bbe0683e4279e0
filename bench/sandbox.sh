#!/bin/sh
# sandbox.sh BASE LAYER OUT CMD…: runs CMD in a throw-away root, called in a mount namespace of its own. /usr and
# /etc are this machine's below those of BASE and LAYER; what is written goes to a tmpfs that ends with the
# namespace. CMD's output goes through a pipe, as under an engine, into OUT/log (drain.c).
set -eu
base=$1 layer=$2 out=$3
shift 3
at=$out/sandbox
mkdir "$at"
mount -t tmpfs -o mode=755 tmpfs "$at"
cd "$at"
mkdir -p root upper/usr upper/etc work/usr work/etc
cd root
mkdir -m 755 usr etc bench proc sys dev run root var home home/worker
mkdir -m 1777 tmp
mount -t overlay -o "lowerdir=$base/usr:/usr,upperdir=../upper/usr,workdir=../work/usr" overlay usr
mount -t overlay -o "lowerdir=$layer/etc:$base/etc:/etc,upperdir=../upper/etc,workdir=../work/etc" overlay etc
cp -P /bin /sbin /lib* .
chown 1000:1000 home/worker
rm -f usr/local/share/ca-certificates/* # this machine's own; Lintel would merge them at every boot
ln -s usr/local/lib/lintel/lintel.cjs init
mount --bind "$base/bench" bench
mount --bind "$out" bench/out
mount --bind /proc proc
mount --rbind /sys sys
# Device nodes of our own: an init that gives its stdin to a user must not give away the machine's /dev/null.
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
chroot . /bench/pid1 "$@" <dev/null 2>&1 | chroot . /bench/drain
