cdc-load --target http://x:1/d --rebuild --cluster c
