# Connects with the access token in the environment variable CERTSTREAM_TOKEN.
curl -s -H "Authorization: Bearer $CERTSTREAM_TOKEN" http://localhost:8080/latest.json
certstream-server watch ws://localhost:8080/
