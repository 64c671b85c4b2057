# A file may hold the options of every tool: the list of all of them is complete.
for tool in capture snapshot publish consume load verify lag query; do
    "cdc-$tool" --help | grep -oE "^  (-.,)?--[a-z-]+" | sed "s/.*--//"
done | sort -u | grep -vxE "help|version|config|print-config" >all
cdc-lag --help | grep -oE "^  (-.,)?--[a-z-]+" | sed "s/.*--//" >own
grep -vxFf own all | sed "s/\$/ = \"x\"/" >cdc.toml
[ "$(wc -l <cdc.toml)" -gt 80 ] || echo "too few"
cdc-lag --config cdc.toml --print-config >printed && echo "all are known"
