# The library's version is that of the build.
cdc-publish --version | sed 's/librdkafka [0-9.]*)/librdkafka X)/'
