# An image as PAVICS' workflow-tests is one: its user, variables, start scripts and places. Its conda is made by hand, and
# so are docker-stacks' start scripts, which here do no more than what matters to a user who is not root.
FROM lintel-test-hub
RUN groupadd --gid 1000 jenkins && useradd --uid 1000 --gid jenkins --create-home jenkins
COPY conda /tmp/conda/
RUN /tmp/conda/make-conda.sh /opt/conda birdy birdy
ENV PATH=/opt/conda/envs/birdy/bin:/opt/conda/bin:${PATH} \
    NODE_OPTIONS=--openssl-legacy-provider
COPY pavics/ /
RUN mkdir -p /notebook_dir/writable-workspace && chown jenkins /notebook_dir/writable-workspace
USER jenkins
CMD ["conda", "run", "-n", "birdy", "/usr/local/bin/start-notebook.sh"]
