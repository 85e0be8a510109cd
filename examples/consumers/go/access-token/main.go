// Connects with an access token, compressed. Needs: go get github.com/coder/websocket
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func main() {
	ctx := context.Background()
	options := &websocket.DialOptions{
		HTTPHeader:      http.Header{"Authorization": {"Bearer " + os.Getenv("CERTSTREAM_TOKEN")}},
		CompressionMode: websocket.CompressionContextTakeover,
	}
	stream, _, err := websocket.Dial(ctx, "ws://localhost:8080/domains-only", options)
	if err != nil {
		log.Fatal(err)
	}
	stream.SetReadLimit(-1)
	for {
		var message struct{ Data []string }
		if err := wsjson.Read(ctx, stream, &message); err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Data)
	}
}
