# Images that take Lintel as their last layer, as other people made them. Each target is one of them; `application` is
# what each is for. Stand-ins are small: what counts is where their files and links lie, and which of them Lintel's
# layer takes the place of.

# An image without a user, a certificate or any other of Lintel's wishes.
FROM debian:bookworm-slim AS bare
COPY application/ /etc/
ENV GREETING="hello, image"

FROM bare AS plain
RUN useradd --uid 1000 --gid 100 --create-home ada
COPY --from=lintel / /
ENTRYPOINT ["/init"]

FROM bare AS s6-overlay-3-before
COPY s6-overlay-3.sh /tmp/
RUN sh /tmp/s6-overlay-3.sh && useradd --uid 1000 --gid 100 --create-home ada
ENTRYPOINT ["/init"]

FROM s6-overlay-3-before AS s6-overlay-3
COPY --from=lintel / /

# s6-overlay 2: everything in its place, and /init a script for an execlineb that is no shell.
FROM bare AS s6-overlay-2-before
RUN useradd --uid 1000 --gid 100 --create-home ada \
 && for name in execlineb with-contenv printcontenv with-retries fix-attrs s6-setuidgid s6-envuidgid s6-svc s6-svscan; do \
      printf '#!/bin/sh\necho "s6-overlay: %s"\nexit 9\n' "$name" >"/usr/bin/$name"; chmod 755 "/usr/bin/$name"; \
    done \
 && mkdir -p /etc/s6/init/env-stage2 /etc/s6/services/s6-fdholderd/supervise /etc/cont-finish.d /etc/fix-attrs.d \
 && chmod 700 /etc/s6/services/s6-fdholderd/supervise \
 && printf '#!/bin/execlineb -S0\n/etc/s6/init/init-stage1 $@\n' >/init && chmod 755 /init \
 # Some of these images are old enough for a /var/run of its own.
 && rm /var/run && mkdir /var/run
ENTRYPOINT ["/init"]

FROM s6-overlay-2-before AS s6-overlay-2
COPY --from=lintel / /

# As their documentation wants it of an image that does not start as root.
FROM s6-overlay-3 AS s6-overlay-3-user
RUN chown 1000:100 /run
USER 1000:100

FROM s6-overlay-2 AS s6-overlay-2-user
RUN chown 1000:100 /run /var/run
USER 1000:100

# Onyxia's: the script in /opt, which their charts call with the command behind it.
FROM bare AS onyxia-before
RUN useradd onyxia --uid 1000 --gid 100 --groups sudo -r --no-log-init --create-home \
 && mkdir /home/onyxia/work && chown -R 1000:100 /home/onyxia \
 && printf '#!/usr/bin/env bash\necho "onyxia-init.sh"\nexec "$@"\n' >/opt/onyxia-init.sh && chmod 755 /opt/onyxia-init.sh \
 && echo 'echo other scripts stay' >/opt/clean.sh
ENV HOME=/home/onyxia WORKSPACE_DIR=/home/onyxia/work
WORKDIR /home/onyxia/work
USER 1000
ENTRYPOINT ["/opt/onyxia-init.sh"]

FROM onyxia-before AS onyxia
COPY --from=lintel / /

# The same, and then a script that gives all of /usr/local to the user, as each of their images runs one at its end.
FROM onyxia AS given-away
USER root
RUN chown -R 1000:100 /usr/local

# With a program of their charts', and /usr/local given to the user, as each of their layers does.
FROM lintel-test-programs AS onyxia-jupyter
RUN useradd onyxia --uid 1000 --gid 100 -r --no-log-init --create-home \
 && mkdir /home/onyxia/work \
 && printf '#!/usr/bin/env bash\necho "execution of $@"\nexec "$@"\n' >/opt/onyxia-init.sh && chmod 755 /opt/onyxia-init.sh \
 # Debian has no JupyterLab; its notebook takes the same arguments.
 && ln -s jupyter-notebook /usr/bin/jupyter-lab \
 && chown -R 1000:100 /home/onyxia /usr/local
ENV USERNAME=onyxia GROUPNAME=users HOME=/home/onyxia WORKSPACE_DIR=/home/onyxia/work
WORKDIR /home/onyxia/work
USER 1000
CMD ["jupyter", "lab", "--no-browser", "--ip", "0.0.0.0"]

FROM bare AS no-libatomic
RUN rm -f /usr/lib/*-linux-gnu/libatomic* && useradd --uid 1000 --gid 100 --create-home ada
COPY --from=lintel / /
ENTRYPOINT ["/init"]

FROM bare AS no-account
COPY --from=lintel / /
ENTRYPOINT ["/init"]

FROM bare AS no-passwd
RUN rm /etc/passwd /etc/group /etc/shadow /etc/gshadow
COPY --from=lintel / /
ENTRYPOINT ["/init"]

FROM plain AS no-setpriv
RUN rm /usr/bin/setpriv

FROM no-setpriv AS no-helper
RUN rm /usr/sbin/chroot

# Node's calls of libc are an experiment of Node's: what happens where they are missing.
FROM plain AS no-ffi
RUN sed -i 's/^exec "$node" /&--no-experimental-ffi /' /usr/local/lib/lintel/lintel.cjs && usermod --append --groups video ada

FROM no-ffi AS no-ffi-no-setpriv
RUN rm /usr/bin/setpriv

# Before Debian 12 and Ubuntu 20.04: /bin, /sbin and /lib are folders of their own.
FROM bare AS split
RUN useradd --uid 1000 --gid 100 --create-home ada \
 && mkdir /tree && cp -a /etc /home /opt /root /srv /tmp /usr /var /tree/ \
 && cd /tree && mkdir bin sbin dev proc sys run \
 && mv usr/lib lib && mv usr/lib64 lib64 && mkdir usr/lib \
 && mv usr/bin/sh usr/bin/dash usr/bin/bash usr/bin/cat usr/bin/sleep usr/bin/ls usr/bin/readlink bin/

FROM scratch AS not-merged
COPY --from=split /tree/ /
ENV GREETING="hello, image"
COPY --from=lintel / /
ENTRYPOINT ["/init"]
