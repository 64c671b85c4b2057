cdc-capture --source "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=3" --slot s --connect-timeout 0s
