# SIGHUP ends nothing, and opens the log anew: logrotate moved it away
mkfifo lines
cdc-load --target chdb:t --dry-run --log-level debug <lines >out 2>log &
tool=$!
exec 3>lines
for _ in $(seq 200); do grep -q '^SigBlk:.*1$' /proc/$tool/status && break; sleep 0.05; done
mv log log.1
for _ in $(seq 200); do
    kill -HUP $tool
    [ -e log ] && break
    sleep 0.05
done
echo 'no line' >&3
exec 3>&-
wait $tool
echo "exit status $?"
sed -E 's/^[^ ]+Z //' log
