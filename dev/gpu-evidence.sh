#!/bin/sh
# Writes what Lintel goes by on a machine with a GPU to stdout, as test/facts/gpu.test.ts reads it:
#
#     sh gpu-evidence.sh "where this is" > test/facts/gpu/NAME.txt
#
# Nothing is changed. Serial numbers and UUIDs are replaced by zeros. Another root than / may be given in ROOT.
set -u
root=${ROOT:-}

printf 'source: %s\n' "${1:-unknown machine}"

for node in "$root"/dev/nvidia* "$root"/dev/nvidia-caps/* "$root"/dev/dxg "$root"/dev/kfd "$root"/dev/dri/*; do
  { [ -c "$node" ] || [ -f "$node" ]; } || continue
  printf '== node %s %s\n' "$(stat -c '%a %u %g %t:%T' "$node")" "${node#"$root"}"
done

show() {
  [ -f "$1" ] || return 0
  printf '== file %s\n' "${1#"$root"}"
  sed -E 's/(GPU|MIG)-[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}/\1-00000000-0000-0000-0000-000000000000/g' "$1"
}

show "$root"/proc/driver/nvidia/version
for file in "$root"/proc/driver/nvidia/gpus/*/information; do show "$file"; done
for file in "$root"/proc/driver/nvidia/capabilities/gpu*/mig/gi*/ci*/access; do show "$file"; done
for device in "$root"/sys/class/drm/renderD*/device; do
  if [ -f "$device/vendor" ]; then
    show "$device/vendor"
    show "$device/device"
  elif [ -L "$device" ]; then
    printf '== link %s %s\n' "${device#"$root"}" "$(readlink "$device")"
  fi
done
for file in "$root"/usr/lib/wsl/lib/* "$root"/usr/lib/wsl/drivers/nv*; do
  [ -e "$file" ] && printf '== there %s\n' "${file#"$root"}"
done

env | grep -E '^(NVIDIA_|CUDA_VISIBLE|ROCR_|HIP_VISIBLE|LD_LIBRARY_PATH=)' | sed 's/^/== variable /'

PATH=$PATH:/usr/lib/wsl/lib:/usr/local/nvidia/bin
if command -v nvidia-smi > /dev/null; then
  said=$(timeout -s KILL 20 nvidia-smi -L 2>&1)
  printf '== nvidia-smi -L ended with %s\n%s\n' "$?" "$said" |
    sed -E 's/(GPU|MIG)-[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}/\1-00000000-0000-0000-0000-000000000000/g'
fi
for node in "$root"/dev/nvidia[0-9]* "$root"/dev/nvidiactl "$root"/dev/dxg "$root"/dev/kfd "$root"/dev/dri/renderD*; do
  [ -e "$node" ] || continue
  said=$(LC_ALL=C timeout -s KILL 20 sh -c ': <>"$1"' sh "$node" 2>&1)
  printf '== open %s ended with %s: %s\n' "${node#"$root"}" "$?" "$said"
done
