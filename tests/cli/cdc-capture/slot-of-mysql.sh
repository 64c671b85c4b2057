cdc-capture --source mysql://root@127.0.0.1:1/shop --slot orders
