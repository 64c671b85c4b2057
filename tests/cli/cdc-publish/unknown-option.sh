cdc-publish --nonsense </dev/null
