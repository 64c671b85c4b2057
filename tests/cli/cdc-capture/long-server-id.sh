cdc-capture --source mysql://root@127.0.0.1:1/shop --server-id 5000000000
