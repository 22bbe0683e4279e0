# JupyterHub with its proxy and its single-user server, and Dask, beside the programs of the other tests.
FROM lintel-test-programs
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      jupyterhub python3-dask python3-distributed \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*
