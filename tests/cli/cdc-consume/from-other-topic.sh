cdc-consume --brokers 127.0.0.1:1 --topics 'shop.*,t' --from 'shop.a:0=1;tt:0=5'
