# Programs of the Java world, fetched by Maven into the cache; sourced by scripts/services.

# Of several at once that miss a folder of the cache, one fetches it. 1: it is there.
begin_fetch() { # folder
    [[ ! -d $1 ]] || return 1
    mkdir -p "$cache_dir"
    exec {fetching}>"$cache_dir/fetch.lock"
    flock "$fetching"
    [[ -d $1 ]] || return 0
    end_fetch
    return 1
}
end_fetch() { exec {fetching}>&-; }

# The jars of the coordinates (group:artifact:version …), and all that they need, in HOME/libs;
# nothing where they are there already. An interrupted fetch leaves nothing that looks whole.
maven_fetch() { # home, name for people, coordinates…
    local home=$1 what=$2 work coordinate group artifact version
    shift 2
    begin_fetch "$home" || return 0
    say "fetching $what"
    work=$(mktemp -d "$cache_dir/fetch.XXXXXX")
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0">'
        echo '<modelVersion>4.0.0</modelVersion>'
        echo '<groupId>cdc.toolkit</groupId><artifactId>fetch</artifactId><version>1</version>'
        echo '<dependencies>'
        for coordinate in "$@"; do
            IFS=: read -r group artifact version <<<"$coordinate"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId>" \
                "<version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >"$work/pom.xml"
    (cd "$work" && mvn -B -q -Dstyle.color=never dependency:copy-dependencies \
        -DoutputDirectory="$work/libs") >&2 ||
        { rm -rf "$work"; fail "Maven could not fetch $what"; }
    mkdir -p "$home.new"
    rm -rf "$home.new/libs"
    mv "$work/libs" "$home.new/libs"
    rm -rf "$work"
    mv -T "$home.new" "$home"
    end_fetch
}

# Sets `classes` to the flag for the archive of a program's classes (CDS) in HOME, which halves what a
# start costs; where there is none yet, to the one that makes it, at the end, in `recording`. Each
# Java has its own archive. One that does not fit is passed over by Java itself.
java_classes() { # home
    local archive
    archive=$1/classes-$(stat -Lc %Y "$(command -v java)").jsa
    if [[ -s $archive ]]; then
        classes=-XX:SharedArchiveFile=$archive recording=
    else
        recording=$archive.$$
        classes=-XX:ArchiveClassesAtExit=$recording
    fi
}
