# no line is wider than a terminal, every option has words, the general ones come last
cdc-verify --help >help
grep -nwE 'U?INT|FLOAT|[A-Z]+:(POSITIVE|NONNEGATIVE)' help && echo "a type of C++ or a check stands there"
LC_ALL=C awk 'length($0) > 80 { print "wider than 80: " $0 }
    /^  -/ { if (option) print "no words: " option; option = NF > 1 && match($0, /[^ ]  +[^ ]/) ? "" : $0; next }
    /^     / { option = "" }' help
grep -n '^[A-Z].*:$' help | tail -n 1 | cut -d: -f2
