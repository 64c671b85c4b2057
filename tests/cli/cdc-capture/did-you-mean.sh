cdc-capture --slto orders
