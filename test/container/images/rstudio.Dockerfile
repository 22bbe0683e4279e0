# Programs with RStudio Server, which Debian does not have: a stand-in for it. Its context is that of the stand-in.
FROM lintel-test-programs
COPY rserver rserver-pam rsession /usr/lib/rstudio-server/bin/
RUN chmod 0755 /usr/lib/rstudio-server/bin/* \
 && mkdir -p /etc/rstudio
