cdc-query http://127.0.0.1:1/d 'SELECT 1'
