# what is no line of cdc-event(5) gets the hint that leads out
. "$DATA/load-lines.bash"
{ table; insert 1 1; } >lines
try() { cdc-load --dry-run "$@" >out; echo "exit status $?"; }
gzip <lines >lines.gz
try lines.gz
iconv -f UTF-8 -t UTF-16 <lines >utf16
try utf16
sed 's/^{/{\n/' lines >printed
try printed
sed '1s/^/[/' lines >list
try list
{ cat lines; echo; } >empty
try empty
echo '{"before":null,"after":{"id":1},"op":"c"}' >record
try record
{ table; change c '{"id":1}' null '{"id":1,"price":null,"note":null,"made":"2025-02-30T00:00:00Z"}' 16; } >date
try date
{ table; change c '{"id":1}' null '{"id":1,"price":null,"note":null,"made":"yesterday"}' 16; } >date
try date
