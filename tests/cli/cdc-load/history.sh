. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    insert 1 1
    change u '{"id":1}' null '{"id":1,"price":"-0.01","made":null}' 17 '"unchanged":["note"],'
    change d '{"id":1}' '{"id":1}' null 20 '"key_after":{"id":3},'
    change c '{"id":3}' null '{"id":3,"price":"5.00","note":"moved","made":null}' 20 '"key_before":{"id":1},'
    change d '{"id":3}' '{"id":3,"price":"5.00","note":"moved","made":null}' null 21
    change t null null null 33
} | cdc-load --dry-run --mode history
