#!/bin/sh
# make-conda.sh ROOT ENVIRONMENT: a conda below ROOT with one environment, laid out as the real one lays it out. Its
# Python is a virtual environment of Debian's, so that sys.prefix is the environment's, as it would be.
set -eu
root=$1
prefix=$1/envs/$2

mkdir -p "$root/bin" "$root/condabin" "$root/conda-meta" "$root/etc/profile.d" "$root/envs"
cp "$(dirname "$0")/conda" "$root/bin/conda"
ln -s ../bin/conda "$root/condabin/conda"
sed "s|@root@|$root|" "$(dirname "$0")/conda.sh" >"$root/etc/profile.d/conda.sh"
ln -s /usr/bin/python3 "$root/bin/python"
: >"$root/conda-meta/history"

python3 -m venv --without-pip --system-site-packages "$prefix"
mkdir -p "$prefix/conda-meta" "$prefix/etc/conda/activate.d"
echo '==> 2026-01-01 00:00:00 <==' >"$prefix/conda-meta/history"
echo '{ "name": "python", "version": "3.11.2", "build": "0", "channel": "a test" }' >"$prefix/conda-meta/python-3.11.2-0.json"
# As the packages proj and gdal have them.
echo 'export PROJ_DATA="${CONDA_PREFIX}/share/proj"' >"$prefix/etc/conda/activate.d/proj4-activate.sh"
for program in dask-scheduler dask-worker jupyter jupyter-notebook jupyter-server jupyterhub-singleuser; do
  sed "1s|^#!.*|#!$prefix/bin/python|" "/usr/bin/$program" >"$prefix/bin/$program"
  chmod 0755 "$prefix/bin/$program"
done
"$prefix/bin/python" -m ipykernel install --sys-prefix --name "${3:-python3}" >/dev/null 2>&1
