# The shell function that conda puts into profile.d: what changes a shell's own environment is evaluated there. A login
# shell begins with a PATH of its own, so conda's program is named with its whole path.
export CONDA_EXE='@root@/bin/conda'
conda() {
  case "$1" in
    activate) _conda_code=$("$CONDA_EXE" shell.posix "$@") && eval "$_conda_code" ;;
    *) "$CONDA_EXE" "$@" ;;
  esac
}
