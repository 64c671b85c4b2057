. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    insert -2 2 null '"\u00e9 \"x\""'
    change u '{"id":1}' null '{"id":1,"price":"-0.01","made":null}' 17 '"unchanged":["note"],'
    change u '{"id":5}' null '{"id":5,"price":"7.00","made":null}' 18 '"unchanged":["note"],'
    change d '{"id":-2}' '{"id":-2}' null 19
    change d '{"id":1}' '{"id":1}' null 20 '"key_after":{"id":3},'
    change c '{"id":3}' null '{"id":3,"price":"5.00","note":"moved","made":"1999-12-31T23:59:59Z"}' 20 '"key_before":{"id":1},'
    checkpoint 32
    change t null null null 33
} | cdc-load --dry-run
