#!/bin/sh
# Lays out s6-overlay 3 with stand-ins: /package holds the programs of each of its parts, /command links to them, and the
# tarballs of links that images may add do so from /usr/bin.
set -eu

# stand_in PART VERSION PROGRAM...
stand_in() {
  part=$1
  folder=/package/admin/$1-$2
  shift 2
  mkdir -p "$folder/command"
  ln -s "${folder##*/}" "/package/admin/$part"
  for name; do
    printf '#!/bin/sh\necho "s6-overlay: %s"\nexit 9\n' "$name" >"$folder/command/$name"
    chmod 755 "$folder/command/$name"
    ln -s "../package/admin/$part/command/$name" "/command/$name"
    ln -s "../../command/$name" "/usr/bin/$name"
  done
}

mkdir /command
stand_in s6-overlay 3.2.0.2 printcontenv with-contenv with-retries
stand_in s6 2.13.1.0 s6-envuidgid s6-setuidgid s6-svc s6-svscan
stand_in execline 2.9.6.1 execlineb

mkdir -p /etc/s6-overlay/config /etc/s6-overlay/s6-rc.d/user/contents.d /etc/s6-overlay/s6-rc.d/user2/contents.d
echo bundle >/etc/s6-overlay/s6-rc.d/user/type
echo bundle >/etc/s6-overlay/s6-rc.d/user2/type
echo /command:/usr/bin:/bin >/etc/s6-overlay/config/global_path
printf '#!/bin/sh -e\necho "s6-overlay: /init"\nexit 9\n' >/init
chmod 755 /init
