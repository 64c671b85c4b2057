cdc-transform --state here --ack on-write
