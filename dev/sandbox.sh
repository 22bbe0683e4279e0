#!/bin/sh
# The first process of a sandbox's namespaces: builds the throw-away root that sandbox.ts describes, moves into it
# and becomes the command given as arguments. Every mount lives in this mount namespace and every byte written in
# one tmpfs, so nothing of it is seen by the host and nothing is left when the last process has ended.
#
# It gets: a tar archive of the root's own files on descriptor SANDBOX_ARCHIVE_FD, and
#   SANDBOX_KIND       root | user (namespaces)        SANDBOX_BASE      an empty place to mount things on
#   SANDBOX_LAYERS     the host's folders to show      SANDBOX_DIST      the built program, or empty
#   SANDBOX_NETWORK    own | host                      SANDBOX_READ_ONLY 1, or empty
#   SANDBOX_SHOWN      a line for a place, one for the folder of the host to show there, and so on
#   SANDBOX_WRITABLE   folders, one a line, that stay writable below a read-only root
set -eu
umask 022
# mount -n everywhere: without it the list of mounts in the host's /run/mount would be written.
cd /

base=$SANDBOX_BASE
root=$base/root
program=/usr/local/lib/lintel
if [ "$SANDBOX_KIND" = user ]; then
  overlay_options=,userxattr
  devpts_options=newinstance,ptmxmode=0666,mode=0620
else
  # With metacopy a change of owner does not copy the 120 MB of dist/node.
  overlay_options=,metacopy=on
  devpts_options=newinstance,ptmxmode=0666,mode=0620,gid=5
fi

# take NAME PATH: what the archive put at PATH becomes the upper layer called NAME.
take() {
  mkdir "$base/$1" "$base/$1/work"
  mv "$root$2" "$base/$1/upper"
  mkdir "$root$2"
}

# overlay NAME LOWER PATH: PATH shows LOWER below the layer NAME; only the layer is ever written.
overlay() {
  mount -n -t overlay -o "lowerdir=$2,upperdir=$base/$1/upper,workdir=$base/$1/work$overlay_options" sandbox "$root$3"
}

build_layers() {
  take program "$program"
  for layer in $SANDBOX_LAYERS; do take "$layer" "/$layer"; done
  mount -n --bind "$root" "$root"
  for layer in $SANDBOX_LAYERS; do overlay "$layer" "/$layer" "/$layer"; done
  mkdir "$base/dist"
  if [ "$SANDBOX_DIST" ]; then
    # A bind mount first: an overlay's options cannot hold a path with a comma or a colon.
    mount -n --bind "$SANDBOX_DIST" "$base/dist"
  fi
  overlay program "$base/dist" "$program"
  number=0
  printf '%s\n' "$SANDBOX_SHOWN" | while IFS= read -r place && IFS= read -r folder; do
    number=$((number + 1))
    name=shown-$number
    mkdir -p "$base/$name/upper" "$base/$name/work" "$base/$name/lower" "$root$place"
    mount -n --bind "$folder" "$base/$name/lower"
    overlay "$name" "$base/$name/lower" "$place"
  done
  if [ "$SANDBOX_KIND" = root ]; then chown --no-dereference --recursive 0:0 "$root$program"; fi
}

build_proc_and_sys() {
  mount -n -t proc -o nosuid,nodev,noexec proc "$root/proc"
  if [ "$SANDBOX_KIND" = user ]; then
    # A new sysfs wants a network namespace of our own; the host's is as good, its files are not ours to write.
    mount -n --rbind /sys "$root/sys"
    return
  fi
  mount -n -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
  if [ -d /sys/fs/cgroup ]; then
    mount -n --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
    awk -v at="$root/sys/fs/cgroup" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo |
      while IFS= read -r cgroup; do mount -n -o remount,bind,ro "$cgroup"; done
  fi
  for file in sys sysrq-trigger; do
    if [ ! -e "$root/proc/$file" ]; then continue; fi
    mount -n --bind "$root/proc/$file" "$root/proc/$file"
    mount -n -o remount,bind,ro "$root/proc/$file"
  done
}

build_dev() {
  mount -n -t tmpfs -o mode=0755,nosuid dev "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -n -t devpts -o "nosuid,noexec,$devpts_options" devpts "$root/dev/pts"
  mount -n -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
  for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount -n --bind "/dev/$device" "$root/dev/$device"
  done
  # The terminal that the host gave us is not in our /dev/pts: like Docker, show it as /dev/console.
  if terminal=$(tty); then
    : >"$root/dev/console"
    mount -n --bind "$terminal" "$root/dev/console"
  fi
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"
  ln -s fd/1 "$root/dev/stdout"
  ln -s fd/2 "$root/dev/stderr"
}

enter() {
  mkdir "$root/.host"
  pivot_root "$root" "$root/.host"
  cd /
  umount -n --lazy /.host
  rmdir /.host
}

protect() {
  printf '%s\n' "$SANDBOX_WRITABLE" | while IFS= read -r folder; do
    # A mount of its own keeps its own flags when the one around it becomes read-only.
    if [ "$folder" ]; then mount -n --bind "$folder" "$folder"; fi
  done
  for layer in $SANDBOX_LAYERS; do mount -n -o remount,bind,ro "/$layer"; done
  mount -n -o remount,bind,ro "$program"
  printf '%s\n' "$SANDBOX_SHOWN" | while IFS= read -r place && IFS= read -r _; do
    mount -n -o remount,bind,ro "$place"
  done
  mount -n -o remount,bind,ro /
}

mount -n -t tmpfs -o mode=0755 sandbox "$base"
mkdir "$root"
tar --extract --preserve-permissions --numeric-owner --directory "$root" --file - <&"$SANDBOX_ARCHIVE_FD"
exec 3<&-
if [ "$SANDBOX_KIND" = user ]; then chmod 0555 "$root"; fi
build_layers
build_proc_and_sys
build_dev
hostname lintel
if [ "$SANDBOX_NETWORK" = own ]; then ip link set lo up; fi
enter
if [ "$SANDBOX_READ_ONLY" ]; then protect; fi
exec "$@"
