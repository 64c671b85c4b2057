cdc-load --dry-run --raw-name '{table}' </dev/null
echo $?
cdc-load --dry-run --view-name all </dev/null
echo $?
cdc-load --dry-run --version-column _deleted </dev/null
echo $?
cdc-load --dry-run --mode snapshot </dev/null
