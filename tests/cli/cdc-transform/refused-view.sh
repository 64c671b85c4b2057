# file, line, construct and the way out
printf '%s\n' '-- a comment' 'CREATE VIEW v AS SELECT 1;' >views.sql
cdc-transform --views views.sql --dry-run
