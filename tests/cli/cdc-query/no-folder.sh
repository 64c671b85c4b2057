# it is not made
cdc-query nothing 'SELECT 1'
code=$?
ls
exit $code
