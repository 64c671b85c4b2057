cdc-capture --source mysq://root:secret@127.0.0.1/shop
