# What the shipped services and the clients of these tests are, from Debian.
FROM debian:bookworm-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates curl git procps sudo wget \
      jupyter-notebook jupyter-server python3 python3-pip r-base-core \
      openssh-server \
      xvfb xauth x11-utils openbox lxpanel pcmanfm x11vnc novnc websockify fonts-dejavu-core libgl1-mesa-dri \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
