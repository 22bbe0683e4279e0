# What a Jupyter image of Kubeflow's own is, on programs from Debian: the users and modes of its base, s6-overlay's links
# where its programs are, and scripts in its manner.
FROM lintel-test-programs
ENV NB_USER=jovyan NB_UID=1000 NB_GID=0 USERS_GID=100 NB_PREFIX=/ HOME=/home/jovyan HOME_TMP=/tmp_home/jovyan SHELL=/bin/bash \
    S6_CMD_WAIT_FOR_SERVICES_MAXTIME=300000 S6_BEHAVIOUR_IF_STAGE2_FAILS=2 \
    CONDA_DIR=/opt/conda PATH=/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN mkdir -p /package/admin/s6-overlay/command /command /opt/conda/bin \
 && printf '#!/bin/sh\necho "s6-overlay is not to be started" >&2\nexit 1\n' >/init \
 && chmod 0755 /init \
 && for name in with-contenv s6-setuidgid; do \
      cp /init "/package/admin/s6-overlay/command/$name" \
      && ln -s "/package/admin/s6-overlay/command/$name" "/command/$name" \
      && ln -s "/command/$name" "/usr/bin/$name"; \
    done \
 && chmod 0775 /run \
 && chmod g+w /etc/passwd \
 && useradd -M -N --shell /bin/bash --home "$HOME" --uid 1000 --gid 0 --groups 100 jovyan \
 && mkdir -p "$HOME" /tmp_home \
 && ln -s /usr/bin/jupyter-notebook /opt/conda/bin/jupyter-lab \
 && printf '#!/bin/sh\nprogram=$1\nshift\nexec "jupyter-$program" "$@"\n' >/opt/conda/bin/jupyter \
 && chmod 0755 /opt/conda/bin/jupyter \
 && echo '# the image’s' >"$HOME/.bashrc" \
 && mkdir "$HOME/examples" \
 && echo '{}' >"$HOME/examples/first.ipynb" \
 && chown -R 1000:100 "$HOME" \
 && chmod 2775 "$HOME" \
 && chown -R 1000:0 /opt/conda \
 && chmod -R g=u /opt/conda \
 && cp -p -r -T "$HOME" "$HOME_TMP"
COPY --chown=1000:0 s6/ /etc/
USER 1000
EXPOSE 8888
ENTRYPOINT ["/init"]
