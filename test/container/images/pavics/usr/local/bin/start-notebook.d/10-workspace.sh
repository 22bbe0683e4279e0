# A hook that two starters would run twice.
echo "$CONDA_PREFIX" >>"$HOME/hooks"
export WORKSPACE_HOOK="$((${WORKSPACE_HOOK:-0} + 1))"
