# Prints certificates with names that imitate three brands, each once.
certstream-server watch ws://localhost:8080/ --similar delta.com,indigo.com,juniper.net --exclude-domain delta.example --unique
