# no terminal: the time stands in front of each line
cdc-lag 2>&1 | sed -E 's/[0-9]/N/g'
# systemd's journal: the priority, which it takes off again
exec 3>log
export JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/3)
cdc-lag 2>&3
cat log
# stderr is not the stream that the variable names
cdc-lag 2>&1 | sed -E 's/[0-9]/N/g'
