# "USER root at the end, and s6-setuidgid for what faces the user", as Kubeflow tells who needs a service of root's.
FROM kubeflow-jupyter
USER root
COPY root/ /etc/
ENV LINTEL_SERVICES="jupyterlab nginx"
