# Prints the first 100 certificates of the last hour, then ends.
certstream-server watch ws://localhost:8080/ --since -1h --limit 100
