# a byte order mark and DOS line ends are no data
. "$DATA/load-lines.bash"
{ table; insert 1 1; } >lines
{ printf '\xef\xbb\xbf'; sed 's/$/\r/' lines; } >dos
cdc-load --dry-run lines >unix.out
cdc-load --dry-run dos | diff unix.out - && echo same
