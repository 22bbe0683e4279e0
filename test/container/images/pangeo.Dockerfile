# An image as Pangeo's pangeo-notebook is one: its user, variables, start program, profile and places. Its conda is made
# by hand.
FROM lintel-test-hub
ENV CONDA_ENV=notebook \
    NB_USER=jovyan \
    NB_UID=1000 \
    NB_GID=1000 \
    SHELL=/bin/bash \
    LANG=C.UTF-8 \
    LC_ALL=C.UTF-8 \
    CONDA_DIR=/srv/conda \
    TZ=UTC
ENV NB_PYTHON_PREFIX=${CONDA_DIR}/envs/${CONDA_ENV} \
    HOME=/home/${NB_USER} \
    DASK_ROOT_CONFIG=${CONDA_DIR}/etc
ENV PATH=${NB_PYTHON_PREFIX}/bin:${CONDA_DIR}/bin:${PATH}
RUN groupadd --gid 1000 jovyan \
 && useradd --create-home --gid 1000 --no-log-init --uid 1000 jovyan \
 && echo ". ${CONDA_DIR}/etc/profile.d/conda.sh ; conda activate ${CONDA_ENV}" > /etc/profile.d/init_conda.sh
COPY conda /tmp/conda/
RUN /tmp/conda/make-conda.sh /srv/conda notebook && chown -R jovyan:jovyan /srv
COPY --chown=jovyan pangeo/dask.yml /srv/conda/etc/dask.yml
COPY --chown=jovyan pangeo/start /srv/start
USER jovyan
WORKDIR /home/jovyan
ENTRYPOINT ["/srv/start"]
EXPOSE 8888
