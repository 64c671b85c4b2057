cdc-capture --source "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=3" --slot s --tables orders --connect-timeout 1s
