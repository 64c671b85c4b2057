cdc-publish --version
