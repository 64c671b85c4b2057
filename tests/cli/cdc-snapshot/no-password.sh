cdc-snapshot --source 'postgresql://app:s3cret@127.0.0.1:1/x' --slot s --connect-timeout 0s
