export RAVENPY_DATA="$HOME/data"
