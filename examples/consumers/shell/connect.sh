# Prints the newest certificate, then the names of every certificate.
curl -s http://localhost:8080/example.json
certstream-server watch ws://localhost:8080/ --stream domains
