# What an RStudio image of Kubeflow's own adds to its base.
FROM kubeflow-jupyter
ENV RS_LOG_LEVEL=WARN RS_LOGGER_TYPE=stderr
USER root
COPY --from=rstudio-programs /usr/lib/rstudio-server/ /usr/lib/rstudio-server/
RUN rm -r /etc/services.d/jupyterlab
COPY rstudio/ /etc/
USER 1000
