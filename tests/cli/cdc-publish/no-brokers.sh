cdc-publish --prefix p </dev/null
