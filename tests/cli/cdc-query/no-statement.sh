mkdir t
echo ';' | cdc-query t
