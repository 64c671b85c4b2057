# The library's version is that of the build.
cdc-consume --version | sed 's/librdkafka [0-9.]*)/librdkafka X)/'
