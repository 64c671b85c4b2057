# before a slot or a publication is made
cdc-capture --source postgresql://127.0.0.1:1/d --slot s --create --checkpoint state/orders.json
