# The library's version is that of the build.
cdc-lag --version | sed 's/librdkafka [0-9.]*)/librdkafka X)/'
