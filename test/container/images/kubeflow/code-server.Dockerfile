# Programs, and code-server where a volume is mounted: it is large, and shared with other tests.
FROM lintel-test-programs
RUN ln -s /opt/code-server/bin/code-server /usr/local/bin/code-server
