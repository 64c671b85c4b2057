cdc-capture --source mysql://root@127.0.0.1:1/shop --from-gtids binlog.000003:154
