# Lintel in place of s6-overlay, in an image of Kubeflow's own or one that builds on it. Nothing else changes.
#
#   docker build -f existing.Dockerfile --build-arg BASE_IMAGE=ghcr.io/kubeflow/kubeflow/notebook-servers/jupyter:v1.10.0 -t notebook .
#
# lintel: npm run image -- lintel
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
# The last layer, so that /init and with-contenv are Lintel's.
COPY --from=lintel / /
# Those of the image, by their folders in /etc/services.d: jupyterlab, code-server or rstudio in Kubeflow's own. Without
# this Lintel would start, beside them, what it has a service for and the image a program.
ARG SERVICES=jupyterlab
ENV LINTEL_SERVICES=${SERVICES}
STOPSIGNAL SIGTERM
