# of a Windows editor: a byte order mark and DOS line ends
printf '\xef\xbb\xbfCREATE VIEW v KEY (id) AS\r\nSELECT id FROM t;\r\n' >views.sql
cdc-transform --views views.sql --dry-run
