# Prints the certificates below example.com, also those of the time in which this script did not run. Needs: jq
since=$(cat cursor.txt 2>/dev/null || echo -0s)
certstream-server watch 'ws://localhost:8080/?enrich=1' --domain example.com --since "$since" |
  jq --unbuffered -r '.data | "\(.cursor) \(.leaf_cert.all_domains | join(" "))"' |
  while read -r cursor names; do
    echo "$names"
    [ "$cursor" = null ] || { echo "$cursor" >cursor.new && mv cursor.new cursor.txt; }
  done
